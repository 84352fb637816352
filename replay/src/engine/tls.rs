//! TLS as a client: whom to trust, who we are, and which HTTP to agree on.
//!
//! Made once per target, before t0. Sessions are never resumed: every connection costs one full
//! handshake, so that no connection is cheaper than another and workers share no cache.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WantsClientCert};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, ConfigBuilder,
    DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a run says about TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM files of certificates to trust instead of the system's; none: the system's.
    pub ca_certificates: Vec<PathBuf>,
    /// PEM file of our own certificate, followed by those that lead to its authority.
    pub client_certificate: Option<PathBuf>,
    /// PEM file of its private key; none: it is in the certificate's file.
    pub client_key: Option<PathBuf>,
    /// Any certificate of the server will do.
    pub insecure: bool,
}

/// How to speak TLS with one target. Clones share what was read from files.
#[derive(Clone, Debug)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
}

impl TlsClient {
    /// Reads the files of `settings`. `server_name` is the target's DNS name or IP address, without
    /// brackets; the server's certificate must be for it. With `http2` nothing but HTTP/2 is
    /// offered (ALPN), without it nothing but HTTP/1.1.
    ///
    /// The error is for the user: it names the flag or the file, and what to do.
    pub fn new(settings: &TlsSettings, server_name: &str, http2: bool) -> Result<Self, String> {
        let server_name = ServerName::try_from(server_name.to_owned()).map_err(|_| {
            format!(
                "{server_name} is neither a DNS name nor an IP address, so no certificate can be \
                 for it; give --url another name of the server"
            )
        })?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let builder = if settings.insecure {
            let any = AnyCertificate { provider };
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(any))
        } else {
            builder.with_root_certificates(roots(&settings.ca_certificates)?)
        };
        let mut config = with_client_certificate(builder, settings)?;
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![if http2 { &b"h2"[..] } else { b"http/1.1" }.to_vec()];
        Ok(TlsClient {
            config: Arc::new(config),
            server_name,
        })
    }

    /// The state of a new connection, with the client's first words ready to be written.
    pub(crate) fn begin(&self) -> Result<ClientConnection, Error> {
        ClientConnection::new(self.config.clone(), self.server_name.clone())
    }
}

/// Whether the server says that our certificate, or the lack of one, does not do.
pub(super) fn is_refusal(error: &Error) -> bool {
    use AlertDescription::*;
    let Error::AlertReceived(alert) = error else {
        return false;
    };
    matches!(
        alert,
        AccessDenied
            | BadCertificate
            | CertificateExpired
            | CertificateRequired
            | CertificateRevoked
            | CertificateUnknown
            | UnknownCA
            | UnsupportedCertificate
    )
}

/// What to tell the user about a failed handshake or a broken stream.
pub(super) fn explain(error: &Error) -> String {
    let advice = match error {
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => "name its authority's certificate with --cacert FILE, or accept any with --insecure",
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "give --url a name that its certificate is for, or accept any with --insecure",
        Error::InvalidCertificate(_) => "mend the server's certificate, or use --insecure",
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server wants a client certificate: use --cert FILE and --key FILE"
        }
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "the server does not speak this version of HTTP over TLS: add or leave out --http2"
        }
        error if is_refusal(error) => {
            "the server does not accept the client certificate: see --cert FILE and --key FILE"
        }
        Error::InvalidMessage(_) => "does the server speak TLS on this port?",
        _ => return format!("TLS: {error}"),
    };
    format!("TLS: {error}; {advice}")
}

fn roots(files: &[PathBuf]) -> Result<RootCertStore, String> {
    if files.is_empty() {
        return system_roots();
    }
    let mut roots = RootCertStore::empty();
    for file in files {
        for certificate in certificates("--cacert", file)? {
            roots.add(certificate).map_err(|error| {
                format!(
                    "--cacert {}: {error}; give the certificate of an authority, as PEM",
                    file.display()
                )
            })?;
        }
    }
    Ok(roots)
}

/// The system's; single certificates that cannot be read are no matter.
fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let errors = found.errors.iter().map(|error| format!(" ({error})"));
        let why: String = errors.take(1).collect();
        return Err(format!(
            "this system has no certificates of authorities{why}: install them (package \
             ca-certificates), or use --cacert FILE or --insecure"
        ));
    }
    Ok(roots)
}

fn with_client_certificate(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    settings: &TlsSettings,
) -> Result<ClientConfig, String> {
    let (certificate, key) = match (&settings.client_certificate, &settings.client_key) {
        (None, None) => return Ok(builder.with_no_client_auth()),
        (None, Some(key)) => {
            return Err(format!(
                "--key {}: a key is of no use without its certificate; add --cert FILE",
                key.display()
            ));
        }
        (Some(certificate), key) => (certificate, key.as_ref().unwrap_or(certificate)),
    };
    let chain = certificates("--cert", certificate)?;
    let key_der = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| pem_problem("--key", key, "private key that is not encrypted", &error))?;
    builder.with_client_auth_cert(chain, key_der).map_err(|error| {
        format!(
            "--cert {} and --key {} do not go together: {error}; give a certificate and its own key",
            certificate.display(),
            key.display()
        )
    })
}

/// All certificates of a file, at least one.
fn certificates(flag: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let problem = |error| pem_problem(flag, file, "certificate", &error);
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .map_err(problem)?
        .collect::<Result<_, _>>()
        .map_err(problem)?;
    if found.is_empty() {
        return Err(problem(PemError::NoItemsFound));
    }
    Ok(found)
}

fn pem_problem(flag: &str, file: &Path, wanted: &str, error: &PemError) -> String {
    let file = file.display();
    match error {
        PemError::Io(error) => format!("{flag} {file}: {error}"),
        PemError::NoItemsFound => format!("{flag} {file}: holds no {wanted}; give it as PEM"),
        error => format!("{flag} {file}: is not PEM as it should be: {error}"),
    }
}

/// Accepts every certificate. The handshake's signatures are checked all the same: whoever answers
/// does hold the certificate's key.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.provider.signature_verification_algorithms;
        known.supported_schemes()
    }
}
