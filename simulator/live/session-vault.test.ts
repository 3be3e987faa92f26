import { describe, expect, it } from 'vitest';
import { SessionVault } from './session-vault.ts';
import { NO_TOKENS } from './usage.ts';

const context = { entries: [], tokens: NO_TOKENS, startedAtMs: 0, sawVideo: false };
const closed = () => false;

describe('the vault of handles', () => {
  it('gives a conversation back for two hours', () => {
    const vault = new SessionVault();
    vault.remember('h', { context, issuedAtMs: 0, connection: 1 });
    expect(vault.recall('h', 7_200_000, closed)).toEqual({ kind: 'found', context });
    expect(vault.recall('h', 7_200_001, closed)).toEqual({ kind: 'unknown' });
    expect(vault.recall('other', 0, closed)).toEqual({ kind: 'unknown' });
  });

  it('refuses while the connection that got the handle is open', () => {
    const vault = new SessionVault();
    vault.remember('h', { context, issuedAtMs: 0, connection: 1 });
    expect(vault.recall('h', 0, (connection) => connection === 1)).toEqual({ kind: 'still-open' });
  });

  it('forgets the oldest handle when it is full, and all when told to', () => {
    const vault = new SessionVault();
    for (let at = 0; at <= 1_000; at += 1) vault.remember(`h${at}`, { context, issuedAtMs: 0, connection: 1 });
    expect(vault.recall('h0', 0, closed).kind).toBe('unknown');
    expect(vault.recall('h1', 0, closed).kind).toBe('found');
    vault.expireAll();
    expect(vault.recall('h1', 0, closed).kind).toBe('unknown');
  });
});
