import { describe, expect, it } from 'vitest';
import { prometheusText, type ServiceReport } from './prometheus.ts';

const online = (state: 'online' | 'offline' = 'online') => ({ state, pid: 1, version: '1', startedAt: 2_000 });
const report = (counters: Record<string, number>, gauges: Record<string, number> = {}): ServiceReport => ({
  status: online(),
  metrics: { counters, gauges, at: 0 },
});

describe('the text Prometheus reads', () => {
  it('is one family a meter, with a sample a service', () => {
    const text = prometheusText(
      new Map([
        ['speaker', report({ underruns: 2 }, { rssBytes: 5 })],
        ['vision', report({ underruns: 0 })],
      ]),
    );
    expect(text).toContain(
      '# TYPE cortex_underruns_total counter\ncortex_underruns_total{service="speaker"} 2\ncortex_underruns_total{service="vision"} 0\n',
    );
    expect(text).toContain('# TYPE cortex_rss_bytes gauge\ncortex_rss_bytes{service="speaker"} 5\n');
    expect(text).toContain('cortex_service_up{service="vision"} 1\n');
    expect(text).toContain('cortex_service_started_seconds{service="vision"} 2\n');
  });

  it('says of a service that has gone that it is down, and no more', () => {
    const text = prometheusText(new Map([['speaker', { ...report({ underruns: 2 }), status: online('offline') }]]));
    expect(text).toContain('cortex_service_up{service="speaker"} 0');
    expect(text).not.toContain('underruns');
  });

  it('leaves out what Prometheus would not accept, and escapes labels', () => {
    const text = prometheusText(new Map([['a"b\n', report({ 'not a name': 1, fine: 2 })]]));
    expect(text).toContain('cortex_fine_total{service="a\\"b\\n"} 2');
    expect(text).not.toContain('not a name');
  });
});
