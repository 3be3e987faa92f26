interface BrowserHeaders {
  host?: string | undefined;
  origin?: string | undefined;
  'sec-fetch-site'?: string | string[] | undefined;
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Whether a request comes from our own page or from a program on this machine, and not from a web page elsewhere that
 * uses the user's browser: by a name of its own that resolves to us (DNS rebinding: a foreign Host) or across sites
 * (a foreign Origin; WebSockets know no same-origin policy of their own).
 */
export function isSameOrigin(headers: BrowserHeaders): boolean {
  const host = headers.host ?? '';
  if (!LOCAL_NAMES.includes(host.replace(/:\d+$/, ''))) return false;
  if (headers.origin !== undefined && headers.origin !== `http://${host}`) return false;
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}
