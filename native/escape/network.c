/* The sandbox's own network, seen from inside: changing it, leaving it, and the host beyond it. */
#include "probe.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- changing it ---- */

struct route_message {
	struct nl_header header;
	unsigned char body[256];
};

/* linux/rtnetlink.h: RTM_NEWADDR 20, RTM_DELADDR 21, RTM_NEWLINK 16, RTM_NEWROUTE 24, RTM_NEWRULE 32, RTM_NEWQDISC 36 */
static struct route_message begin(uint16_t type, const void *body, size_t size)
{
	struct route_message message = {
		.header = { .length = (uint32_t)(sizeof(struct nl_header) + size), .type = type,
			.flags = NLM_REQUEST | NLM_ACK, .sequence = 1 },
	};
	memcpy(message.body, body, size);
	return message;
}

static void add(struct route_message *message, uint16_t type, const void *value, size_t size)
{
	unsigned char *at = (unsigned char *)message + message->header.length;
	struct nl_attribute attribute = { (uint16_t)(sizeof attribute + size), type };
	memcpy(at, &attribute, sizeof attribute);
	memcpy(at + sizeof attribute, value, size);
	message->header.length += (uint32_t)(sizeof attribute + ((size + 3) & ~3UL));
}

static void send_route(const struct route_message *message)
{
	decide(netlink(0, message, message->header.length), "");
}

struct address_body {
	uint8_t family, prefix, flags, scope;
	uint32_t index;
};

static void change_address(const struct probe *probe)
{
	struct address_body lo = { AF_INET, 8, 0, 0, 1 };
	struct route_message message = begin((uint16_t)probe->value, &lo, sizeof lo);
	uint32_t address = inet_addr(probe->text);
	add(&message, 2, &address, sizeof address);
	add(&message, 1, &address, sizeof address);
	if (probe->value == 20)
		message.header.flags |= NLM_CREATE | NLM_EXCL;
	send_route(&message);
}

struct link_body {
	uint8_t family, padding;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};

static void add_link(const struct probe *probe)
{
	(void)probe;
	struct link_body none = { 0 };
	struct route_message message = begin(16, &none, sizeof none);
	message.header.flags |= NLM_CREATE | NLM_EXCL;
	/* IFLA_IFNAME 3; IFLA_LINKINFO 18 holding IFLA_INFO_KIND 1 */
	add(&message, 3, "escape0", 8);
	struct {
		struct nl_attribute kind;
		char word[8];
	} info = { { 8, 1 }, "veth" };
	add(&message, 18, &info, 8);
	send_route(&message);
}

static void loopback_down(const struct probe *probe)
{
	(void)probe;
	struct link_body down = { .index = 1, .change = IFF_UP };
	struct route_message message = begin(16, &down, sizeof down);
	send_route(&message);
}

static void loopback_down_by_ioctl(const struct probe *probe)
{
	(void)probe;
	struct ifreq lo = { .ifr_name = "lo" };
	long fd = TRY(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	decide(fd == -1 ? -1 : TRY(ioctl, fd, SIOCSIFFLAGS, &lo), "");
}

struct route_body {
	uint8_t family, destination, source, tos, table, protocol, scope, type;
	uint32_t flags;
};

static void add_route(const struct probe *probe)
{
	struct route_body route = { .family = AF_INET, .destination = 16, .table = 254, .protocol = 4, .scope = 253, .type = 1 };
	if (probe->value == 32) {
		/* A rule has the same head; its scope and protocol are reserved. */
		route = (struct route_body){ .family = AF_INET, .destination = 16, .table = 254, .type = 1 };
	}
	struct route_message message = begin((uint16_t)probe->value, &route, sizeof route);
	message.header.flags |= NLM_CREATE | NLM_EXCL;
	uint32_t destination = inet_addr("10.99.0.0"), lo = 1;
	add(&message, 1, &destination, sizeof destination);
	if (probe->value == 24)
		add(&message, 4, &lo, sizeof lo);
	send_route(&message);
}

static void add_queue(const struct probe *probe)
{
	(void)probe;
	struct {
		uint8_t family, padding[3];
		int32_t index;
		uint32_t handle, parent, info;
	} root = { .index = 1, .handle = 0x10000, .parent = 0xffffffff };
	struct route_message message = begin(36, &root, sizeof root);
	message.header.flags |= NLM_CREATE | NLM_EXCL;
	add(&message, 1, "pfifo", 6);
	send_route(&message);
}

/* nf_tables wants its messages between a begin and an end of a batch (linux/netfilter/nfnetlink.h). */
static void add_firewall_table(const struct probe *probe)
{
	(void)probe;
	struct {
		struct nl_header begin;
		uint8_t begin_body[4];
		struct nl_header table;
		uint8_t table_body[4];
		struct nl_attribute name;
		char word[8];
		struct nl_header end;
		uint8_t end_body[4];
	} batch = {
		.begin = { 20, 16, NLM_REQUEST, 1, 0 }, .begin_body = { 0, 0, 0, 10 },
		.table = { 32, 10 << 8, NLM_REQUEST | NLM_ACK | NLM_CREATE, 2, 0 }, .table_body = { AF_INET, 0, 0, 0 },
		.name = { 11, 1 }, .word = "escape",
		.end = { 20, 17, NLM_REQUEST, 3, 0 }, .end_body = { 0, 0, 0, 10 },
	};
	decide(netlink(12, &batch, sizeof batch), "");
}

static void iptables_info(const struct probe *probe)
{
	(void)probe;
	/* IPT_SO_GET_INFO 64: struct ipt_getinfo begins with the table's name. */
	struct {
		char table[32];
		uint32_t rest[13];
	} info = { .table = "filter" };
	socklen_t size = sizeof info;
	long fd = TRY(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	decide(fd == -1 ? -1 : TRY(getsockopt, fd, SOL_IP, 64, &info, &size), "");
}

static void socket_option(const struct probe *probe)
{
	int on = 1;
	int level = (int)(probe->value >> 16), option = (int)(probe->value & 0xffff);
	int type = level == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	long fd = TRY(socket, AF_INET, type | SOCK_CLOEXEC, 0);
	decide(fd == -1 ? -1 : TRY(setsockopt, fd, level, option, &on, sizeof on), "");
}

/* ---- leaving it ---- */

/* Reserved (RFC 1112, section 4) and discard-only (RFC 6666): nobody's, wherever a packet to them should come. */
#define NOBODY "240.0.0.1"
#define NOBODY_DNS "240.0.0.53"
#define NOBODY_6 "100::1"

static long reach(int type, const struct sockaddr *address, socklen_t length, int milliseconds)
{
	long fd = TRY(socket, address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	long result = type == SOCK_DGRAM ? TRY(sendto, fd, "x", 1, 0, address, length) : TRY(connect, fd, address, length);
	if (result == -1 && refusal() == EINPROGRESS) {
		struct pollfd one = { (int)fd, POLLOUT, 0 };
		int error = ETIMEDOUT;
		socklen_t size = sizeof error;
		if (poll(&one, 1, milliseconds) == 1)
			getsockopt((int)fd, SOL_SOCKET, SO_ERROR, &error, &size);
		answered(error);
		result = error == 0 ? 0 : -1;
	}
	close((int)fd);
	return result;
}

static long reach_within(int type, const char *address, int port, int milliseconds)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
		return reach(type, (struct sockaddr *)&four, sizeof four, milliseconds);
	inet_pton(AF_INET6, address, &six.sin6_addr);
	return reach(type, (struct sockaddr *)&six, sizeof six, milliseconds);
}

static long reach_text(int type, const char *address, int port)
{
	return reach_within(type, address, port, 1000);
}

static void reach_decoy(const struct probe *probe)
{
	const char *key = strchr(probe->text, ':') != NULL && strchr(probe->text, '.') == NULL ? "tcp6" : "tcp4";
	long port = bound(key, 0);
	if (port == 0)
		untried("no decoy outside was named");
	decide(reach_text(SOCK_STREAM, probe->text, (int)port), "%s port %ld", probe->text, port);
}

static void reach_abstract(const struct probe *probe)
{
	(void)probe;
	const char *name = outside("unix");
	if (name == NULL)
		untried("no decoy outside was named");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
	long fd = TRY(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
	decide(fd == -1 ? -1 : TRY(connect, fd, &address, length), "");
}

/* Names of all interfaces but lo, separated by blanks. */
static const char *interfaces(void)
{
	static char names[200];
	names[0] = '\0';
	struct if_nameindex *all = if_nameindex();
	for (struct if_nameindex *one = all; one != NULL && one->if_index != 0; one++) {
		size_t filled = strlen(names);
		if (strcmp(one->if_name, "lo") != 0)
			snprintf(names + filled, sizeof names - filled, " %s", one->if_name);
	}
	return names[0] == '\0' ? NULL : names + 1;
}

/*
 * The network layer is left away and what lies beyond is other people's, so not one packet may leave, and nothing here
 * names an address that somebody could have. connect(2) of a datagram socket looks for the way and sends nothing.
 */
static void see_the_way(const char *address)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	bool wide = strchr(address, ':') != NULL;
	inet_pton(AF_INET, NOBODY, &four.sin_addr);
	inet_pton(AF_INET6, NOBODY_6, &six.sin6_addr);
	long fd = TRY(socket, wide ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long result = fd == -1 ? -1
		: wide ? TRY(connect, fd, &six, sizeof six) : TRY(connect, fd, &four, sizeof four);
	decide(result, "the way there, nothing sent");
}

static void reach_address(const struct probe *probe)
{
	if (!world.control && bound("packets", 1) == 0) {
		see_the_way(probe->text);
		return;
	}
	int type = (int)(probe->value >> 16);
	decide(reach_text(type, probe->text, (int)(probe->value & 0xffff)), "%s port %ld", probe->text, probe->value & 0xffff);
}

/*
 * A network in which every one of the addresses attacked exists: on lo of a namespace of its own, with a
 * listener. So the control shows that the probe connects, and not one packet leaves the machine.
 */
static void arena_with_addresses(void)
{
	arena_private();
	static const char *const FOUR[] = { "169.254.169.254", "10.0.0.1", NOBODY, NOBODY_DNS };
	static const char *const SIX[] = { "fd00:ec2::254", NOBODY_6 };
	for (size_t i = 0; i < 4; i++) {
		struct address_body lo = { AF_INET, 32, 0, 0, 1 };
		struct route_message message = begin(20, &lo, sizeof lo);
		uint32_t address = inet_addr(FOUR[i]);
		add(&message, 2, &address, sizeof address);
		message.header.flags |= NLM_CREATE;
		netlink(0, &message, message.header.length);
	}
	for (size_t i = 0; i < 2; i++) {
		/* IFA_F_NODAD: usable at once. */
		struct address_body lo = { AF_INET6, 128, 2, 0, 1 };
		struct route_message message = begin(20, &lo, sizeof lo);
		unsigned char address[16];
		inet_pton(AF_INET6, SIX[i], address);
		add(&message, 2, address, sizeof address);
		message.header.flags |= NLM_CREATE;
		netlink(0, &message, message.header.length);
	}
	static const int PORTS[] = { 80, 443 };
	for (size_t i = 0; i < 2; i++) {
		struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)PORTS[i]) };
		int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fd, (struct sockaddr *)&any, sizeof any) == -1 || listen(fd, 64) == -1)
			untried("arena: no listener: errno %d", errno);
	}
	/* The first packets after an IPv6 address is added may be dropped; TCP would wait a second for the next. */
	for (int i = 0; i < 50 && reach_within(SOCK_STREAM, SIX[1], 80, 20) == -1; i++)
		;
}

/* ---- what it shows ---- */

static void other_interfaces(const struct probe *probe)
{
	(void)probe;
	const char *names = interfaces();
	if (names == NULL)
		refused("only lo");
	else
		worked("%s", names);
}

static void arena_with_interface(void)
{
	arena_private();
	add_link(NULL);
}

static void listed_socket(const struct probe *probe)
{
	static char table[1 << 20];
	char wanted[64];
	bool tcp = strcmp(probe->text, "/proc/net/tcp") == 0;
	if (outside("token") == NULL)
		untried("no decoy outside was named");
	if (tcp)
		snprintf(wanted, sizeof wanted, "0100007F:%04lX", (unsigned long)bound("tcp4", 0));
	else
		snprintf(wanted, sizeof wanted, "@%s", outside("unix"));
	long fd = TRY(openat, AT_FDCWD, probe->text, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		refused("%s", probe->text);
		return;
	}
	slurp(probe->text, table, sizeof table);
	if (strstr(table, wanted) != NULL)
		worked("%s lists the host's %s", probe->text, wanted);
	else
		refused("%s does not list the host's socket", probe->text);
}

#define CHANGE(name_, gain_, attack_, ...) \
	{ name_, gain_, .walls = "EBA", .attack = attack_, .arena = arena_private, __VA_ARGS__ }
#define OPTION(name_, gain_, level, option, ...) \
	{ "option-" name_, gain_, .walls = "EA", .attack = socket_option, .value = (level) << 16 | (option), __VA_ARGS__ }
#define ADDRESS(name_, type, address, port, gain_) \
	{ name_, gain_, .walls = "E", .attack = reach_address, .arena = arena_with_addresses, \
		.value = (type) << 16 | (port), .text = address }
#define DECOY(name_, address, gain_) \
	{ name_, gain_, .walls = "E", .attack = reach_decoy, .text = address }

const struct probe network_probes[] = {
	CHANGE("add-address", "an address of a neighbour", change_address, .value = 20, .text = "10.98.7.6"),
	CHANGE("remove-loopback-address", "a sandbox that its owner cannot reach", change_address, .value = 21,
		.text = "127.0.0.1"),
	CHANGE("add-link", "an interface past the firewall", add_link),
	CHANGE("loopback-down", "a sandbox that its owner cannot reach", loopback_down),
	CHANGE("loopback-down-ioctl", "a sandbox that its owner cannot reach", loopback_down_by_ioctl),
	CHANGE("add-route", "a route past the firewall", add_route, .value = 24),
	CHANGE("add-rule", "a route past the firewall", add_route, .value = 32),
	CHANGE("add-queue", "queueing code with a rich history of holes", add_queue, .cve = "CVE-2023-31436"),
	CHANGE("add-firewall-table", "firewall rules of its own", add_firewall_table, .cve = "CVE-2024-1086"),
	CHANGE("iptables", "the old firewall interface", iptables_info, .cve = "CVE-2021-22555", .absent = ENOPROTOOPT),
	OPTION("mark", "packets that the host's rules take for its own", SOL_SOCKET, SO_MARK),
	OPTION("transparent", "packets with a false sender", SOL_IP, IP_TRANSPARENT),
	OPTION("receive-buffer", "buffers beyond the host's limit", SOL_SOCKET, SO_RCVBUFFORCE),
	OPTION("tcp-repair", "forged TCP state", IPPROTO_TCP, 19, .absent = ENOPROTOOPT),
	DECOY("host-loopback", "127.0.0.1", "services of the host that trust its loopback"),
	DECOY("host-loopback-6", "::1", "services of the host that trust its loopback"),
	DECOY("host-loopback-mapped", "::ffff:127.0.0.1", "services of the host that trust its loopback"),
	DECOY("host-loopback-zero", "0.0.0.0", "services of the host that trust its loopback"),
	{ "host-abstract-socket", "the host's daemons that listen in the abstract namespace", .cve = "CVE-2020-15257",
		.walls = "EC", .attack = reach_abstract },
	ADDRESS("cloud-metadata", SOCK_STREAM, "169.254.169.254", 80, "the machine's cloud credentials"),
	ADDRESS("cloud-metadata-6", SOCK_STREAM, "fd00:ec2::254", 80, "the machine's cloud credentials"),
	ADDRESS("private-network", SOCK_STREAM, "10.0.0.1", 80, "the operator's network"),
	ADDRESS("internet-tcp", SOCK_STREAM, NOBODY, 443, "the internet, when none was given"),
	ADDRESS("internet-tcp-6", SOCK_STREAM, NOBODY_6, 443, "the internet, when none was given"),
	ADDRESS("internet-udp", SOCK_DGRAM, NOBODY, 443, "the internet, when none was given"),
	ADDRESS("name-service", SOCK_DGRAM, NOBODY_DNS, 53, "data out by names asked for"),
	{ "other-interfaces", "an interface of the host", .walls = "E", .attack = other_interfaces,
		.arena = arena_with_interface },
	{ "host-sockets-tcp", "who listens on the host", .walls = "E", .attack = listed_socket, .text = "/proc/net/tcp" },
	{ "host-sockets-unix", "who listens on the host", .walls = "E", .attack = listed_socket, .text = "/proc/net/unix" },
	{ 0 },
};
