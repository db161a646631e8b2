/* Every socket family and netlink protocol. What no sandbox needs is kernel code that only attackers use. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static long any_socket(unsigned long family)
{
	static const int TYPES[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_RDM };
	long fd = -1;
	for (size_t type = 0; type < sizeof TYPES / sizeof *TYPES && fd == -1; type++) {
		fd = TRY(socket, family, TYPES[type] | SOCK_CLOEXEC, 0);
		/* CAN, CAIF, NFC and Bluetooth number their protocols from 1. */
		if (fd == -1 && refusal() == EPROTONOSUPPORT)
			fd = TRY(socket, family, TYPES[type] | SOCK_CLOEXEC, 1);
		/* Keys have one protocol, PF_KEY_V2. */
		if (fd == -1 && refusal() == EPROTONOSUPPORT)
			fd = TRY(socket, family, TYPES[type] | SOCK_CLOEXEC, 2);
	}
	return fd;
}

static void one_family(const struct probe *probe)
{
	decide(any_socket((unsigned long)probe->value), "");
}

static bool needed(int family)
{
	return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
}

static void all_families(const struct probe *probe)
{
	(void)probe;
	char allowed[200] = "", surplus[200] = "";
	for (int family = 0; family < 64; family++) {
		long fd = any_socket((unsigned long)family);
		if (fd == -1)
			continue;
		close((int)fd);
		char *list = needed(family) ? allowed : surplus;
		size_t filled = strlen(list);
		snprintf(list + filled, sizeof allowed - filled, " %d", family);
	}
	if (surplus[0] == '\0')
		refused("families in reach:%s", allowed);
	else
		worked("families beyond the four needed:%s", surplus);
}

static void one_netlink(const struct probe *probe)
{
	decide(TRY(socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, probe->value), "");
}

static void inet_protocol(const struct probe *probe)
{
	long fd = TRY(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, probe->value);
	if (fd == -1 && (refusal() == ESOCKTNOSUPPORT || refusal() == EPROTONOSUPPORT))
		fd = TRY(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, probe->value);
	decide(fd, "");
}

static void raw_socket(const struct probe *probe)
{
	decide(TRY(socket, probe->value, SOCK_RAW | SOCK_CLOEXEC, 1), "");
}

#define FAMILY(number, name_, gain_, cve_) \
	{ "family-" name_, gain_, .cve = cve_, .walls = "B", .attack = one_family, .value = number, .absent = EAFNOSUPPORT }
#define OLD(number, name_) FAMILY(number, name_, "old code that only attackers use", NULL)
#define NETLINK(number, name_, gain_, cve_) \
	{ "netlink-" name_, gain_, .cve = cve_, .walls = "B", .attack = one_netlink, .value = number, \
		.absent = EPROTONOSUPPORT }

const struct probe family_probes[] = {
	{ "families-beyond-needed", "any socket family but the four that programs need", .walls = "B",
		.attack = all_families },
	OLD(3, "ax25"),
	OLD(4, "ipx"),
	FAMILY(5, "appletalk", "old code that only attackers use", "CVE-2023-51781"),
	OLD(6, "netrom"),
	OLD(7, "bridge"),
	OLD(8, "atmpvc"),
	OLD(9, "x25"),
	OLD(11, "rose"),
	OLD(12, "decnet"),
	OLD(13, "netbeui"),
	FAMILY(15, "key", "the IPsec state", NULL),
	FAMILY(17, "packet", "every packet of its network, and a rich history of holes", "CVE-2020-14386"),
	OLD(18, "ash"),
	FAMILY(19, "econet", "old code that only attackers use", "CVE-2010-3849"),
	OLD(20, "atmsvc"),
	FAMILY(21, "rds", "cluster sockets", "CVE-2010-3904"),
	OLD(22, "sna"),
	OLD(23, "irda"),
	OLD(24, "pppox"),
	OLD(25, "wanpipe"),
	FAMILY(26, "llc", "raw frames", "CVE-2017-6345"),
	OLD(27, "infiniband"),
	OLD(28, "mpls"),
	FAMILY(29, "can", "the host's vehicle bus", "CVE-2021-3609"),
	FAMILY(30, "tipc", "cluster sockets", "CVE-2021-43267"),
	FAMILY(31, "bluetooth", "the host's radio", "CVE-2020-12351"),
	OLD(32, "iucv"),
	OLD(33, "rxrpc"),
	OLD(34, "isdn"),
	OLD(35, "phonet"),
	OLD(36, "ieee802154"),
	OLD(37, "caif"),
	FAMILY(38, "alg", "the kernel's ciphers", "CVE-2019-8912"),
	FAMILY(39, "nfc", "the host's radio", "CVE-2021-23134"),
	FAMILY(40, "vsock", "the hypervisor: vsock has no namespaces", "CVE-2021-26708"),
	OLD(41, "kcm"),
	FAMILY(42, "qipcrtr", "the modem's router", NULL),
	OLD(43, "smc"),
	FAMILY(44, "xdp", "packets below the firewall", NULL),
	OLD(45, "mctp"),
	NETLINK(2, "usersock", "messages to other processes of its network", NULL),
	NETLINK(4, "sock-diag", "every socket of its network, and a socket destroyer", "CVE-2013-1763"),
	NETLINK(5, "nflog", "logged packets", NULL),
	NETLINK(6, "xfrm", "the IPsec state", "CVE-2017-16939"),
	NETLINK(7, "selinux", "the host's policy", NULL),
	NETLINK(8, "iscsi", "the host's disks", "CVE-2021-27365"),
	NETLINK(9, "audit", "the host's audit log", NULL),
	NETLINK(10, "fib-lookup", "the host's routes", NULL),
	NETLINK(11, "connector", "every process that starts on the host", NULL),
	NETLINK(12, "netfilter", "the firewall", "CVE-2024-1086"),
	NETLINK(15, "uevent", "every device event of the host", NULL),
	NETLINK(16, "generic", "dozens of subsystems behind one door", NULL),
	NETLINK(18, "scsi", "the host's disks", NULL),
	NETLINK(19, "ecryptfs", "the host's file keys", NULL),
	NETLINK(20, "rdma", "the host's network cards", NULL),
	NETLINK(21, "crypto", "the kernel's ciphers", "CVE-2013-2546"),
	{ "raw-socket", "packets with a false sender", .walls = "BA", .attack = raw_socket, .value = AF_INET },
	{ "raw-socket-6", "packets with a false sender", .walls = "BA", .attack = raw_socket, .value = AF_INET6 },
	{ "inet-sctp", "a protocol with a rich history of holes", .cve = "CVE-2021-23133", .walls = "B",
		.attack = inet_protocol, .value = 132, .absent = EPROTONOSUPPORT },
	{ "inet-dccp", "a protocol with a rich history of holes", .cve = "CVE-2017-6074", .walls = "B",
		.attack = inet_protocol, .value = 33, .absent = EPROTONOSUPPORT },
	{ "inet-udplite", "a protocol that nobody needs", .walls = "B", .attack = inet_protocol, .value = 136,
		.absent = EPROTONOSUPPORT },
	{ "inet-mptcp", "a young protocol, and TCP by another name past filters that look for TCP", .walls = "B",
		.attack = inet_protocol, .value = 262, .absent = EPROTONOSUPPORT },
	{ 0 },
};
