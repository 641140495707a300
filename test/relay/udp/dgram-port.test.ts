import { openDgramPort } from '../../../src/relay/index.ts';
import { udpPortContract } from '../udp-port-contract.ts';

udpPortContract('node:dgram', openDgramPort);
