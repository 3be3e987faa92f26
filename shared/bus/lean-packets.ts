import { writeToStream } from 'mqtt-packet';

/**
 * Before its first packet mqtt-packet, which mqtt.js and Aedes both write with, makes a Buffer for each of the 65,536 numbers that
 * can occur in one. That is 7 MB in every process, six times over, to save an allocation a packet. Call it before any connection.
 */
export function keepPacketsLean(): void {
  writeToStream.cacheNumbers = false;
}
