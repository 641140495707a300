import { MessageChannel } from 'node:worker_threads';
import { type Clock, LatchkeyError, limits, startThread, type Thread, type Timer } from '../../base/index.ts';
import { OnTheWay } from './frame-batch.ts';
import type { StationLink } from './station-link.ts';
import type { TcpControl, TcpReport, TcpThreadSettings } from './tcp-messages.ts';

const tcpThread = new URL('./tcp-thread.ts', import.meta.url);

/** The door's side of the TCP thread: starts it, again when it has died, and joins it to the stations. */
export class TcpGateway {
  readonly #settings: TcpThreadSettings;
  readonly #clock: Clock;
  readonly #died: (error: Error) => void;
  readonly #stations = new Map<number, StationLink>();
  #thread: Thread<TcpControl> | undefined;
  #port: number;
  #wakerPorts: readonly number[] = [];
  #gone: Promise<void> = Promise.resolve();
  #closed = false;
  #restart: Timer | undefined;

  private constructor(settings: TcpThreadSettings, clock: Clock, died: (error: Error) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#died = died;
    this.#port = settings.port;
  }

  /** Throws `settings-invalid` when the port cannot be bound. `died` is told when the thread ends by itself. */
  static async open(settings: TcpThreadSettings, clock: Clock, died: (error: Error) => void): Promise<TcpGateway> {
    const gateway = new TcpGateway(settings, clock, died);
    gateway.#port = await gateway.#start();
    return gateway;
  }

  /** The real TCP port. */
  get port(): number {
    return this.#port;
  }

  /** Joins a station that has just begun, in the place of the one before it, whose connections end. */
  connect(station: number, link: StationLink): void {
    this.#stations.set(station, link);
    this.#join(station, link);
  }

  /** Ends every connection and lets go of the port; the thread has `limits.workerAnswerMsMax` to go by itself. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#restart?.cancel();
    this.#post({ kind: 'close' });
    const late = this.#clock.after(limits.workerAnswerMsMax, () => this.#thread?.destroy());
    await this.#gone;
    late.cancel();
  }

  /** Resolves to the port when the thread listens. */
  async #start(): Promise<number> {
    const given: TcpThreadSettings = { ...this.#settings, port: this.#port };
    const started = Promise.withResolvers<number>();
    let serves = false;
    const thread = startThread<TcpControl, TcpReport>('the TCP thread', tcpThread, given, {
      message: (report) => {
        serves = report.kind === 'ready';
        if (report.kind === 'ready') {
          this.#wakerPorts = report.wakerPorts;
          started.resolve(report.port);
        } else {
          started.reject(new LatchkeyError('settings-invalid', report.detail));
        }
      },
      gone: (death) => {
        this.#thread = undefined;
        started.reject(death);
        if (serves) this.#again(death);
      },
    });
    this.#thread = thread;
    this.#gone = thread.gone;
    return started.promise;
  }

  #again(death: Error): void {
    if (this.#closed) return;
    this.#died(death);
    this.#restart = this.#clock.after(limits.workerRestartMs, () => {
      this.#start().then(
        () => {
          for (const [station, link] of this.#stations) this.#join(station, link);
        },
        (error: Error) => this.#again(error),
      );
    });
  }

  #join(station: number, link: StationLink): void {
    const { port1, port2 } = new MessageChannel();
    const onTheWay = OnTheWay.newMemory();
    link.connect({ port: port1, onTheWay, wakerPorts: this.#wakerPorts });
    this.#post({ kind: 'station', station, port: port2, onTheWay, ...link.waking }, port2);
  }

  #post(control: TcpControl, ...transfer: MessageChannel['port1'][]): void {
    this.#thread?.post(control, ...transfer);
  }
}
