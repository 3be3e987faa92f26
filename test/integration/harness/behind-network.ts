import { type NetworkCondition, type TcpProxy, tcpProxy } from './tcp-proxy.ts';
import { type ThinkerBench, thinkerBench } from './thinker-bench.ts';

/**
 * A thinker whose way to the simulator leads through a network with faults. @param condition what the network is like from
 * the first packet on. @param connected whether to wait for the session first.
 */
export async function behindNetwork(
  run: (bench: ThinkerBench, network: TcpProxy) => Promise<void>,
  options: Parameters<typeof thinkerBench>[0] = {},
  { condition = {}, connected = true }: { condition?: NetworkCondition; connected?: boolean } = {},
): Promise<void> {
  let network: TcpProxy | undefined;
  const bench = await thinkerBench({
    ...options,
    async route(port) {
      network = await tcpProxy(port);
      network.set(condition);
      return network.url;
    },
  });
  try {
    if (connected) await bench.until(bench.sessions, ({ state }) => state === 'connected', 30_000);
    if (network) await run(bench, network);
  } finally {
    await bench.stop();
    await network?.close();
  }
}
