import { openPumpedPort } from '../support/pumped-port.ts';
import { udpPortContract } from '../udp-port-contract.ts';

udpPortContract('the batched port', openPumpedPort);
