import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether the server is installed; Debian's package is nats-server. */
export const hasNatsServer = spawnSync('nats-server', ['--version']).status === 0;
if (!hasNatsServer) console.warn('skipped: no nats-server on the PATH (apt-get install nats-server)');

/** A NATS server of the tests' own, with JetStream, on loopback. */
export interface NatsServer {
  readonly address: string;
  /** Ends it as a power cut does, and starts it again over the same files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server. */
export async function startNatsServer(): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'dicm-nats-'));
  const port = await freePort();
  let server: ChildProcess;
  const start = async () => {
    server = spawn('nats-server', ['-js', '-sd', folder, '-a', '127.0.0.1', '-p', String(port)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    server.stderr!.on('data', (piece) => {
      said += piece;
    });
    for (let tries = 0; !said.includes('Server is ready'); tries++) {
      if (tries === 600 || server.exitCode !== null) throw new Error(`nats-server does not start: ${said}`);
      await sleep(50);
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await gone;
  };
  await start();
  return {
    address: `nats://127.0.0.1:${port}`,
    restart: async () => {
      await end('SIGKILL');
      await start();
    },
    stop: async () => {
      await end('SIGTERM');
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
