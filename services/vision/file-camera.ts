import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Camera, Picture } from './camera.ts';

/** What sharp reads here; anything else that is named as a file is taken for a video. */
const PICTURE_NAME = /\.(jpe?g|png|webp|gif|avif|tiff?|svg)$/i;

export interface FileCameraOptions {
  /** Time between two captures. */
  periodMs: number;
  /** How long each picture of a folder is shown before the next. */
  showMs: number;
}

/**
 * The picture files `path` stands for: itself, or a folder's in the order of their names. Undefined where it is a file of
 * another kind. Throws ConfigurationError where there is nothing to see.
 */
export function pictureFiles(path: string): string[] | undefined {
  let isFolder: boolean;
  let names: string[];
  try {
    isFolder = statSync(path).isDirectory();
    names = isFolder ? readdirSync(path) : [];
  } catch (error) {
    throw new ConfigurationError(`CORTEX_CAMERA=file:${path} cannot be read (${messageOf(error)}): check the path`);
  }
  if (!isFolder) return PICTURE_NAME.test(path) ? [path] : undefined;
  const pictures = names.filter((name) => PICTURE_NAME.test(name)).sort();
  if (pictures.length === 0) {
    throw new ConfigurationError(`CORTEX_CAMERA=file:${path} holds no picture: put .jpg or .png files there`);
  }
  return pictures.map((name) => join(path, name));
}

/** Throws ConfigurationError where the file is no picture after all, whatever its name says. */
export async function checkPicture(file: string, decode: (picture: Picture) => Promise<unknown>): Promise<void> {
  try {
    await decode({ kind: 'file', bytes: await readFile(file) });
  } catch (error) {
    throw new ConfigurationError(`CORTEX_CAMERA: ${file} cannot be decoded (${messageOf(error)}): use another picture`);
  }
}

/** Picture files as if a camera looked at them: each capture is of this moment, and a file changed on disk shows at once. */
export function fileCamera(path: string, files: readonly string[], clock: Clock, options: FileCameraOptions): Camera {
  return {
    name: files.length === 1 ? `picture ${path}` : `${files.length} pictures of ${path}`,
    open(listener) {
      const openedAtMs = clock.nowMs();
      let closed = false;
      let reading: Promise<void> | undefined;

      async function take(): Promise<void> {
        const capturedAtMs = clock.nowMs();
        const file = files[Math.floor((capturedAtMs - openedAtMs) / options.showMs) % files.length] ?? path;
        try {
          const bytes = await readFile(file);
          if (!closed) listener.captured({ picture: { kind: 'file', bytes }, capturedAtMs });
        } catch (error) {
          if (!closed) listener.ended(`${file} cannot be read (${messageOf(error)})`);
        }
      }

      const tick = () => {
        reading ??= take().finally(() => {
          reading = undefined;
        });
      };
      const cancelFirst = clock.after(0, tick);
      const cancel = clock.every(options.periodMs, tick);
      return {
        async close() {
          closed = true;
          cancelFirst();
          cancel();
          await reading;
        },
      };
    },
  };
}
