package dev.redoubt.policy.calls;

/** setsockopt(2) levels and options that the list names. */
final class SocketOption {
    private SocketOption() {}

    static final int SOL_SOCKET = 1;
    static final int ATTACH_FILTER = 26;
    static final int ATTACH_BPF = 50;
    static final int ATTACH_REUSEPORT_CBPF = 51;
    static final int ATTACH_REUSEPORT_EBPF = 52;

    static final int SOL_TCP = 6;
    /** Upper layer protocols, kernel TLS above all (CVE-2023-0461, CVE-2023-28466); libraries fall back. */
    static final int TCP_ULP = 31;
}
