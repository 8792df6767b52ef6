import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';

/** The self-signed certificate of a test's redis-server. */
export const CERTIFICATE = fileURLToPath(new URL('certificate.pem', import.meta.url));
const KEY = fileURLToPath(new URL('key.pem', import.meta.url));

/** Arguments by which a redis-server listens for TLS on one more port. */
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

/** The same for servers that speak TLS to each other too. */
export function tlsPeerArguments(port: number): string[] {
  return [...tlsArguments(port), '--tls-ca-cert-file', CERTIFICATE, '--tls-replication', 'yes'];
}

/** Makes this process trust the certificate, besides those it trusts already. */
export function trustCertificate(): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(CERTIFICATE, 'utf8')]);
}
