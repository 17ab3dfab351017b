import ssl

from jobs.deliveries.destinations import Destination


def tls_context(destination: Destination) -> ssl.SSLContext:
    """Return the TLS settings for a destination: TLS 1.2 or newer, the peer's name checked."""
    context = ssl.create_default_context(
        cafile=None if destination.ca_file is None else str(destination.ca_file)
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if destination.certificate_file is not None and destination.key_file is not None:
        context.load_cert_chain(destination.certificate_file, destination.key_file)
    return context
