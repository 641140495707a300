import { openDgramPort } from '../../../src/relay/udp/dgram-port.ts';
import { udpPortContract } from '../udp-port-contract.ts';

udpPortContract('the port on node:dgram', openDgramPort);
