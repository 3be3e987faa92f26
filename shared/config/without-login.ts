/** The URL as it may be shown: `mqtt://name:password@host` without name and password, because logs are passed around. */
export function withoutLogin(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}
