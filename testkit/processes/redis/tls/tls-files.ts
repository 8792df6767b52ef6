import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';

/** The certificate that a redis-server of a test shows; it has signed itself. */
export const CERTIFICATE = fileURLToPath(new URL('certificate.pem', import.meta.url));
const KEY = fileURLToPath(new URL('key.pem', import.meta.url));

/** What makes a redis-server listen for TLS at a port, besides its own. */
export function tlsArguments(port: number): string[] {
  return [
    '--tls-port',
    String(port),
    '--tls-cert-file',
    CERTIFICATE,
    '--tls-key-file',
    KEY,
    '--tls-auth-clients',
    'no',
  ];
}

/** The same for servers that also speak to each other over TLS. */
export function tlsPeerArguments(port: number): string[] {
  return [...tlsArguments(port), '--tls-ca-cert-file', CERTIFICATE, '--tls-replication', 'yes'];
}

/** From here on this process trusts that certificate, besides those it trusts already. */
export function trustCertificate(): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(CERTIFICATE, 'utf8')]);
}
