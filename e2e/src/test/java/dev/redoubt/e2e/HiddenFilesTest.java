package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.node.Node;
import dev.redoubt.node.Sandbox;
import dev.redoubt.node.guest.RunRequest;
import dev.redoubt.node.walls.Capability;
import dev.redoubt.protocol.HostMount;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.PathPatterns;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.SandboxSpec;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files hidden by patterns, in real sandboxes. Every open is then the broker's: so each denial stands beside the same
 * without a pattern, and what has nothing to do with patterns must be as if nobody stood between.
 */
class HiddenFilesTest {
    private static final PathPatterns PATTERNS =
            new PathPatterns(List.of("/etc/shadow", "**/.env", "/srv/*/keys/*.pem", "/srv/vault", "/tmp/h*"));

    private static final SandboxSpec SPEC = spec(false);
    private static final String PROBE = "/mnt/broker-probe";
    private static final long ALL_ROOT = Capability.mask(Capability.ofRootJob(Profile.DEFAULT));

    private static SandboxSpec spec(boolean readOnly) {
        return new SandboxSpec(
                "busybox",
                Profile.DEFAULT,
                Limits.DEFAULT,
                NetworkMode.NONE,
                readOnly,
                "sandbox",
                List.of(new HostMount(Place.NATIVES, "/mnt", true)),
                1000);
    }

    private static String said(Sandbox sandbox, String script) throws Exception {
        RunRequest request = RunRequest.exec("sh", "-c", "exec 2>&1\n" + script)
                .withUser("1000")
                .withDirectory("/tmp");
        return Jobs.run(sandbox, request).text();
    }

    private static String rootSaid(Sandbox sandbox, String script) throws Exception {
        RunRequest request = RunRequest.exec("sh", "-c", "exec 2>&1\n" + script)
                .withUser("0")
                .withCapabilities(ALL_ROOT, ALL_ROOT);
        return Jobs.run(sandbox, request).text();
    }

    /** What a shell does with files all day. Nothing in it depends on times, numbers of processes or inodes. */
    private static final String WORK = """
            set +e; cd /tmp
            echo 1 >a; cat a ./a /tmp/a ../tmp/a //tmp///a /tmp/./a; cat /tmp/a/; cat nothing; cat a/b; cat ''
            mkdir -p d/e; ln -s ../a d/l; cat d/l; echo 2 >>d/l; cat a; cd d/e; cat ../l ../../a; cat ../../../../../tmp/a; cd /tmp
            umask 027; echo x >b; umask 077; echo x >c; mkdir m; umask 022; ls -ln a b c | cut -c1-32; echo over >b; cat b
            ln -s gone dangling; cat dangling; echo made >dangling; cat gone; ln -s /tmp/d/abs far; echo made >far; cat d/abs
            ln -s loop loop; cat loop; ls d; ls -a /; : >a; wc -c a; echo x >/nope; echo x >/etc/passwd2; cat /root/x; ls /root
            (set -C; echo y >b); dd if=/dev/zero of=z bs=1k count=2 2>/dev/null; wc -c z; head -c 3 /dev/urandom | wc -c
            echo err >/dev/stderr; echo out >/dev/stdout; echo in | cat /dev/stdin; cat /dev/fd/0 <b; echo lost >/dev/full
            cat /proc/self/comm; cat /proc/self/cmdline | tr '\\0' ' '; cat /proc/thread-self/comm; wc -l </proc/mounts
            grep -E 'Name|Umask|id:|Groups|Threads|Cap|Seccomp:' /proc/self/status; head -1 /proc/1/status; ls /proc/self/fd
            cat /proc/self/environ | tr '\\0' '\\n' | grep -c PATH; cat /proc/1/environ; cat /proc/1/mem; ls -l /proc/1/fd
            cat /proc/meminfo | head -1; cat /proc/sys/kernel/ostype; cat /proc/sys/vm/overcommit_memory; cat /proc/kcore
            mkfifo p; exec 6<>p; echo through >&6; head -1 <&6; exec 6>&-; cat /proc/self/maps | grep -c stack; cmp /proc/self/exe /bin/cmp
            cat /proc/self/cwd/b /proc/self/root/tmp/b; exec 7<d; cat /proc/self/fd/7/l /dev/fd/7/../b; ls /proc/self/cwd/d
            sort /etc/group | head -1; find . -name a; tar c b | tar t; vi --help 2>&1 | head -1; id -u
            mkdir noread; echo s >noread/f; chmod 000 noread; cat noread/f; ls noread; cd noread; chmod 711 noread; cat noread/f
            rm b; cat b; exec 5>deleted; rm deleted; echo into >&5; cat /proc/self/fd/5 | wc -c; rmdir m; cd m""";

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatHasNothingToDoWithPatternsIsAsWithoutThem(boolean readOnly) throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(spec(readOnly));
                Sandbox hiding = node.create(spec(readOnly).hiding(PATTERNS))) {
            assertThat(said(hiding, WORK)).isEqualTo(said(plain, WORK));
        }
    }

    /**
     * A tree of the sandbox's root, whose files say which they are: H what is hidden, A what is not. Hidden names cannot be
     * made; who may rename can give them, which is why a pattern is for files that jobs cannot rename.
     */
    private static void plant(Sandbox sandbox) throws Exception {
        assertThat(rootSaid(sandbox, """
                        mkdir -p /srv/app/keys /srv/vault/deep /srv/app/.env.d
                        for f in /srv/.env /srv/app/.env /srv/app/keys/a.pem /srv/vault/x /srv/vault/deep/y; do echo H >/srv/t; mv /srv/t $f; done
                        for f in /srv/.envrc /srv/app/keys/a.pub /srv/vaults /srv/app/.env.d/a /srv/a.pem; do echo A >$f; done
                        ln -s .env /srv/plain; ln -s /srv/app /srv/link; ln /srv/app/.env /srv/app/twin""")).isEmpty();
    }

    /** Every way to a name that we could think of. */
    private static final String WAYS = """
            cd /srv/app
            for p in /srv/.env /srv/app/.env .env ./.env ../.env ../app/.env //srv///app/./.env /srv/link/.env /srv/plain \
                /proc/self/root/srv/.env /proc/self/cwd/.env /proc/thread-self/cwd/../.env /srv/app/keys/a.pem keys/a.pem \
                /srv/vault/x /srv/vault/deep/y /srv/vault/deep/../x /proc/1/root/srv/.env; do
                cat $p 2>/dev/null && echo "by $p"
            done
            exec 5</srv/app; cat /proc/self/fd/5/.env /dev/fd/5/.env /proc/self/fd/5/../.env 2>/dev/null
            head -c 1 .env 2>/dev/null; dd if=.env 2>/dev/null; while read l; do echo $l; done <.env
            ls /srv/vault /srv/vault/deep 2>/dev/null; grep -r H /srv/app/keys /srv/.env 2>/dev/null
            cp .env /tmp/copy 2>/dev/null && cat /tmp/copy; tar c .env 2>/dev/null | tar xO 2>/dev/null; wc -c <.env""";

    @Test
    void aHiddenFileCannotBeOpenedByAnyOfItsNames() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(SPEC);
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            plant(plain);
            plant(hiding);
            assertThat(said(plain, WAYS).lines().filter(line -> line.contains("H")))
                    .as("the control: without patterns they can")
                    .hasSizeGreaterThan(20);
            assertThat(said(hiding, WAYS).lines().filter(line -> !line.matches(".*o such file.*|.*:|")))
                    .as("not a byte, not a name in a hidden directory")
                    .isEmpty();
            assertThat(said(hiding, "cat /srv/.envrc /srv/app/keys/a.pub /srv/vaults /srv/app/.env.d/a /srv/a.pem"))
                    .as("what only looks like it")
                    .isEqualTo("A\n".repeat(5));
            // A pattern is held against names: root inside, who made this second one, could have read the file itself.
            assertThat(said(hiding, "cat /srv/app/twin")).isEqualTo("H\n");
        }
    }

    @Test
    void aHiddenNameCannotBeMade() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(SPEC);
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            String making = "cd /tmp; echo 1 >.env; ln -s .env l; echo 2 >l; cat .env";
            assertThat(said(plain, making)).isEqualTo("2\n");
            assertThat(said(hiding, making).lines())
                    .hasSize(3)
                    .allMatch(line -> line.contains("Permission denied") || line.contains("No such file"));
            assertThat(said(hiding, "ls -A /tmp")).isEqualTo("l\n");
        }
    }

    @Test
    void twoThreadsNeverGetHoldOfIt() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(SPEC);
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            for (Sandbox sandbox : List.of(plain, hiding)) {
                said(sandbox, "echo A >/tmp/a1");
                rootSaid(sandbox, "mkdir -p /srv/vault; echo H >/srv/t; mv /srv/t /srv/vault/h1");
            }
            for (String way : List.of("flip", "relink")) {
                String race = PROBE + " " + way + " /tmp/a1 /srv/vault/h1 ";
                Race open = Race.of(said(plain, race + 20_000));
                assertThat(open.hidden())
                        .as("the control: without patterns it is got")
                        .isPositive();
                Race closed = Race.of(said(hiding, race + 100_000));
                System.out.printf("%s: without patterns %s, with patterns %s%n", way, open, closed);
                assertThat(closed.hidden()).isZero();
                assertThat(closed.allowed()).as("the race was one").isPositive();
                assertThat(closed.refused()).as("the race was one").isPositive();
            }
        }
    }

    private record Race(long allowed, long hidden, long refused) {
        static Race of(String said) {
            String[] words = said.strip().split(" ", -1);
            assertThat(words).as(said).hasSize(6);
            return new Race(Long.parseLong(words[1]), Long.parseLong(words[3]), Long.parseLong(words[5]));
        }
    }

    @Test
    void pointersAreJudgedAsTheKernelDoes() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(SPEC);
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            String edges = said(hiding, PROBE + " edges /etc/group");
            assertThat(edges).isEqualTo(said(plain, PROBE + " edges /etc/group"));
            assertThat(edges.lines())
                    .contains("no-end -14", "too-long -36", "crossing 0", "just-fits 0", "unmapped -14", "kernel -14")
                    .contains(
                            "sysinfo-half -14",
                            "sysinfo 0",
                            "mount-unmapped -1",
                            "openat2-unknown -7",
                            "bad-directory -9");
        }
    }

    /** What openat2 may be told about the way, in every combination: as the kernel has it where nobody stands between. */
    @Test
    void theWayIsJudgedAsTheKernelDoes() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(SPEC);
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            String ways = """
                    mkdir -p /tmp/r/d; cd /tmp/r; echo x >a; ln -s a l; ln -s /tmp/r/a abs; ln -s /etc/group out; ln -s ../../etc/group up
                    ln -s loop loop; ln -s nowhere gone; ln -s ../a d/l; ln -s /proc/self/comm comm; ln -s /proc/self/cwd/a cwd
                    """ + PROBE + " resolve </etc/group";
            List<String> kernels = said(plain, ways).lines().toList();
            List<String> brokers = said(hiding, ways).lines().toList();
            assertThat(kernels).hasSizeGreaterThan(6_000).hasSameSizeAs(brokers);
            assertThat(IntStream.range(0, kernels.size())
                            .filter(line -> !kernels.get(line).equals(brokers.get(line)))
                            .mapToObj(line -> kernels.get(line) + ", and by the broker " + brokers.get(line)))
                    .isEmpty();
        }
    }

    /** Nobody gets by the broker what the kernel would not give him. */
    @Test
    void filesBelongToTheirOwners() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            rootSaid(
                    hiding,
                    "mkdir /srv; cd /srv; echo r >root; echo g >group; chmod 600 root; chgrp 1000 group; chmod 640 group");
            assertThat(said(hiding, "cat /srv/group; cat /srv/root; echo x >/srv/new; echo x >>/srv/group"))
                    .isEqualTo("""
                            g
                            cat: can't open '/srv/root': Permission denied
                            sh: can't create /srv/new: Permission denied
                            sh: can't create /srv/group: Permission denied
                            """);
            said(hiding, "echo mine >/tmp/mine; chmod 600 /tmp/mine");
            assertThat(rootSaid(hiding, "cat /srv/root; stat -c %u:%g /srv/root /tmp/mine; cat /tmp/mine"))
                    .as("root opens what is root's; its capability over others' files is not the broker's to use")
                    .isEqualTo("r\n0:0\n1000:1000\ncat: can't open '/tmp/mine': Permission denied\n");
            String other =
                    "cat /proc/1/environ; cat /proc/1/maps; cat /proc/$(cat /tmp/pid)/maps | wc -l; ls -l /proc/1/fd/";
            Jobs.run(
                    hiding,
                    RunRequest.exec("sh", "-c", "sleep 20 & echo $! >/tmp/pid").withUser("0"));
            assertThat(said(hiding, other).lines().filter(line -> !line.contains("Permission denied")))
                    .containsExactly("0", "total 0");
        }
    }

    @Test
    void whatIsReadOnlyStaysSo() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(spec(true));
                Sandbox hiding = node.create(spec(true).hiding(PATTERNS))) {
            String writing =
                    "for f in /etc/new /dev/new /proc/new /root/new /tmp/new /run/new; do echo x >$f && echo $f; done";
            assertThat(rootSaid(hiding, writing))
                    .isEqualTo(rootSaid(plain, writing))
                    .endsWith("/tmp/new\n/run/new\n");
        }
    }

    /** Their filter asks about opens as long as they live, so the next node must know what is hidden. */
    @Test
    void theNextNodeHidesTheSame() throws Exception {
        try (Place place = Place.make()) {
            try (Node node = place.open(place.settings().outliving())) {
                plant(node.create(SPEC.hiding(PATTERNS)));
            }
            try (Node next = Node.open(place.settings().outliving());
                    Sandbox adopted = next.adopted().getFirst()) {
                assertThat(said(adopted, WAYS).lines().filter(line -> !line.matches(".*o such file.*|.*:|")))
                        .isEmpty();
                assertThat(said(adopted, "cat /srv/.envrc; echo new >/tmp/new; cat /tmp/new"))
                        .isEqualTo("A\nnew\n");
                assertThat(adopted.syscalls().report().events()).isNotEmpty();
            }
            assertThat(place.leftovers()).isEqualTo(Place.Leftovers.NONE);
        }
    }

    /** An open that waits would hold a worker, and with a few of them everybody else's opens. */
    @Test
    void nobodyMakesTheBrokerWait() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(SPEC);
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            assertThat(said(plain, PROBE + " lease /tmp/leased"))
                    .as("the control")
                    .isEqualTo("0 late\n");
            assertThat(said(hiding, PROBE + " lease /tmp/leased")).isEqualTo("11 at once\n");
            assertThat(said(hiding, "mkfifo /tmp/pipe; cat /tmp/pipe")).contains("Operation not supported");
        }
    }

    /** 40 links of 4 KiB, which lead over 64,000 names to nothing. */
    private static final String LONG_WAY = """
            mkdir -p /tmp/n/d; cd /tmp/n; i=0; w=; while [ $i -lt 810 ]; do w=d/../$w; i=$((i+1)); done
            ln -s ${w}nothing 0; i=1; while [ $i -lt 40 ]; do ln -s ${w}$((i-1)) $i; i=$((i+1)); done
            """;

    /** A way that is long costs whoever goes it, not the others whose files the broker opens too. */
    @Test
    void whoeverGoesLongWaysWaits() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings())) {
            Sandbox neighbour = node.create(SPEC.hiding(PATTERNS));
            String opens = PROBE + " opens /etc/group 1500";
            said(neighbour, opens);
            long before = Long.parseLong(said(neighbour, opens).strip());
            List<Future<Long>> others = new ArrayList<>();
            long beside;
            try (ExecutorService threads = Executors.newCachedThreadPool()) {
                for (int i = 0; i < 4; i++) {
                    Sandbox other = node.create(SPEC.hiding(PATTERNS));
                    said(other, LONG_WAY);
                    others.add(threads.submit(() -> Long.parseLong(
                            said(other, PROBE + " opens /tmp/n/39 4000").strip())));
                }
                TimeUnit.MILLISECONDS.sleep(2_000); // by then they have spent what they had saved
                beside = Long.parseLong(said(neighbour, opens).strip());
            }
            long after = Long.parseLong(said(neighbour, opens).strip());
            System.out.printf(
                    "opens of a neighbour in 1.5 s: alone %d and %d, beside four on long ways %d%n",
                    before, after, beside);
            assertThat(beside)
                    .as("a quarter of a second each, four of them would leave 24; the machine may have other guests")
                    .isGreaterThan(Math.min(before, after) / 20);
            for (Future<Long> other : others) {
                assertThat(other.get()).as("the control: they did go").isPositive();
            }
        }
    }

    /** A write that the sandbox's own limit slows down holds the file; an open that truncates it waits as long, in a worker. */
    @Test
    void whoeverWaitsForADiskWaitsAlone() throws Exception {
        Limits slow = Limits.DEFAULT.withIo(IoLimits.bytesPerSecond(Size.ofMib(1)));
        try (Place place = Place.make();
                Node node = place.open(place.settings())) {
            Sandbox neighbour = node.create(SPEC.hiding(PATTERNS));
            List<Future<String>> writers = new ArrayList<>();
            List<Future<String>> held = new ArrayList<>();
            try (ExecutorService threads = Executors.newCachedThreadPool()) {
                for (int i = 0; i < 6; i++) {
                    Sandbox other = node.create(SPEC.hiding(PATTERNS).withLimits(slow));
                    writers.add(threads.submit(
                            () -> rootSaid(other, "dd if=/dev/zero of=/slow bs=8M count=1 oflag=direct 2>/dev/null")));
                    held.add(threads.submit(() -> rootSaid(
                            other,
                            "until [ -e /slow ]; do :; done; sleep 0.5; a=$(date +%s); : >/slow; b=$(date +%s);"
                                    + " [ $((b - a)) -gt 2 ] && echo late")));
                }
                TimeUnit.MILLISECONDS.sleep(1_500);
                long before = System.nanoTime();
                assertThat(said(neighbour, "cat /etc/group /etc/passwd | wc -l").strip())
                        .isNotEqualTo("0");
                assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(1));
                assertThat(held).as("they are held meanwhile").noneMatch(Future::isDone);
            }
            for (Future<String> one : writers) {
                assertThat(one.get()).isEmpty();
            }
            for (Future<String> one : held) {
                assertThat(one.get()).as("the control").isEqualTo("late\n");
            }
        }
    }

    @Test
    void programsKnowThatTheirOwnLandlockWouldNotHold() throws Exception {
        try (Place place = Place.make();
                Node node = place.open(place.settings());
                Sandbox plain = node.create(SPEC);
                Sandbox hiding = node.create(SPEC.hiding(PATTERNS))) {
            assertThat(Integer.parseInt(said(plain, PROBE + " landlock").strip()))
                    .isPositive();
            assertThat(said(hiding, PROBE + " landlock")).isEqualTo("-95\n");
        }
    }
}
