// Package peers starts programs that twohop must get along with and that we did not
// write: old TLS servers for the second hop, and callers for the first.
//
// Servers: OpenSSL, GnuTLS, Java and Nginx. Callers: Mono (HttpWebRequest, HttpClient
// and WCF), Curl, SClient and SSLScan. Everything listens on a loopback address only,
// is bounded in time, and has ended when the test's cleanups have run.
//
// A program that is not installed skips the test by naming its Debian package; with
// CI=true in the environment it fails the test instead, so that nothing is skipped
// unseen where it matters. packages.txt lists the packages.
package peers
