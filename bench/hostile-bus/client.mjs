// One badly behaved MQTT client, on a bare socket: `node client.mjs ROLE PORT USERNAME PASSWORD PREFIX`.
// It prints "ready" when it does what its role says, and lives until it is killed.
import { connect } from 'node:net';

const [role, port, username, password, prefix] = process.argv.slice(2);
const FLOOD_BYTES = 100_000_000;
const FLOOD_PAYLOAD_BYTES = 1_000;

const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};
const packet = (header, body) => {
  const length = [];
  for (let rest = body.length; rest > 0 || length.length === 0; rest >>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from([header, ...length]), body]);
};
// Whoever never acknowledges asks for a session that is kept, too: then the broker has to keep the messages.
const flags = role === 'unacknowledging' ? 0xc0 : 0xc2;
const connectPacket = (id) =>
  packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, 0]), text(id), text(username), text(password)]));
const subscribePacket = (filter, qos) =>
  packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([qos])]));

function open(id) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(connectPacket(id)));
    socket.once('error', reject);
    socket.once('data', (connack) => {
      if (connack[3] !== 0) reject(new Error(`CONNACK ${connack[3]}`));
      socket.off('error', reject);
      socket.on('error', (error) => console.log(`lost: ${error.code}`));
      socket.on('close', () => console.log('closed by the broker'));
      resolve(socket);
    });
  });
}

/** As much as the broker takes, until it is 100 MB; says once a second how much that has been. */
async function flood(qos) {
  const socket = await open(role);
  const messageId = qos > 0 ? [0, 1] : [];
  const body = [text(`${prefix}/flood`), Buffer.from(messageId), Buffer.alloc(FLOOD_PAYLOAD_BYTES)];
  const block = Buffer.concat(Array.from({ length: 60 }, () => packet(0x30 | (qos << 1), Buffer.concat(body))));
  let sent = 0;
  const send = () => {
    while (sent < FLOOD_BYTES && !socket.destroyed) {
      sent += block.length;
      if (!socket.write(block)) return void socket.once('drain', send);
    }
  };
  console.log('ready');
  setInterval(() => console.log(`sent ${sent}`), 1_000);
  send();
}

const roles = {
  async frozen() {
    const socket = await open('frozen');
    socket.write(subscribePacket(`${prefix}/#`, 0));
    socket.once('data', () => {
      console.log('ready');
      setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 20);
    });
  },
  async slow() {
    const socket = await open('slow');
    socket.write(subscribePacket(`${prefix}/#`, 0));
    socket.once('data', () => {
      socket.pause();
      console.log('ready');
      setInterval(() => socket.read(1), 1_000);
    });
  },
  async unacknowledging() {
    const socket = await open('unacknowledging');
    socket.write(subscribePacket(`${prefix}/#`, 1));
    socket.on('data', () => undefined);
    console.log('ready');
  },
  flood: () => flood(0),
  'flood-qos1': () => flood(1),
  async idle() {
    await Promise.all(Array.from({ length: 200 }, (_unused, n) => open(`idle-${n}`)));
    console.log('ready');
  },
};

await roles[role]();
