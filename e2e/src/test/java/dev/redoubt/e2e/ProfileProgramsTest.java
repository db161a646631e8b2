package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Each built-in profile with the real program that it is named for. The base image is that of the machine, as in {@link
 * PackagesTest}; Debian's nginx, PostgreSQL and gdb are fetched once and mounted, because most of these profiles have no
 * root who could install them.
 */
@Tag("base")
class ProfileProgramsTest {
    private static final Path SCRIPTS = Checkout.HOME.resolve("e2e/src/test/resources/profiles");
    private static final Path PROGRAMS = Checkout.HOME.resolve("e2e/target/programs");

    @BeforeAll
    static void fetch() throws Exception {
        Process fetching = new ProcessBuilder(
                        "sh", SCRIPTS.resolve("fetch-programs.sh").toString(), PROGRAMS.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(fetching.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(fetching.exitValue()).isZero();
    }

    private static Cli.Said base(Place place, String profile, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("--profile", profile));
        command.addAll(List.of(arguments));
        return Cli.onBase(place, 600, command);
    }

    private static String mount(Path source, String target) {
        return source + ":" + target + ":ro";
    }

    private static String script(String name) {
        return mount(SCRIPTS.resolve(name), "/srv/run.sh");
    }

    @Test
    void aContinuousIntegrationBuildsOffline() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said said = base(place, "ci-runner", "--mount", script("ci-runner.sh"), "--", "sh", "/srv/run.sh");
            assertThat(said.out()).as(said.errors()).isEqualTo("hello from ci-runner\n");
        }
    }

    @Test
    void aBatchJobSortsALargeFile() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said said = base(place, "batch-job", "--mount", script("batch-job.sh"), "--", "sh", "/srv/run.sh");
            assertThat(said.out()).as(said.errors()).isEqualTo("1000000 lines from 0000001 to 999999\n");
        }
    }

    @Test
    void aWebServerServesPort80() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said said = base(
                    place,
                    "web-server",
                    "--mount",
                    script("web-server.sh"),
                    "--mount",
                    mount(PROGRAMS.resolve("root/usr/sbin/nginx"), "/usr/sbin/nginx"),
                    "--",
                    "sh",
                    "/srv/run.sh");
            assertThat(said.exit()).as(said.errors()).isZero();
            assertThat(said.out())
                    .startsWith("hello from port 80\n")
                    .contains("'/etc/x': Read-only file system")
                    .contains("'/usr/x': Read-only file system");
        }
    }

    @Test
    void aDatabaseIsPostgres() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said said = base(
                    place,
                    "database",
                    "--mount",
                    script("database.sh"),
                    "--mount",
                    mount(PROGRAMS.resolve("root/usr/lib/postgresql"), "/usr/lib/postgresql"),
                    "--mount",
                    mount(PROGRAMS.resolve("root/usr/share/postgresql"), "/usr/share/postgresql"),
                    "--mount",
                    mount(PROGRAMS.resolve("libraries"), "/opt/libraries"),
                    "--env",
                    "LD_LIBRARY_PATH=/opt/libraries",
                    "--",
                    "sh",
                    "/srv/run.sh");
            assertThat(said.out()).as(said.errors()).isEqualTo("rows 20000\nover tcp\n");
        }
    }

    /** And in {@code default} it may not, which shows that it is the profile that lets it. */
    @Test
    void aDeveloperDebugs() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said debugged = debugger(place, "development");
            assertThat(debugged.out())
                    .as(debugged.errors())
                    .contains("Catchpoint 1")
                    .containsPattern("rip +0x");
            assertThat(debugged.errors()).contains("PTRACE IS ALLOWED");
            Cli.Said refused = debugger(place, "default");
            assertThat(refused.out() + refused.errors())
                    .contains("ptrace: Operation not permitted")
                    .doesNotContainPattern("rip +0x");
        }
    }

    private static Cli.Said debugger(Place place, String profile) throws Exception {
        return base(
                place,
                profile,
                "--mount",
                mount(PROGRAMS.resolve("root/usr/bin"), "/opt/bin"),
                "--mount",
                mount(PROGRAMS.resolve("libraries"), "/opt/libraries"),
                "--env",
                "LD_LIBRARY_PATH=/opt/libraries",
                "--",
                "/opt/bin/gdb",
                "-batch",
                "-nx",
                "-ex",
                "catch syscall 231", // exit_group
                "-ex",
                "run",
                "-ex",
                "info registers rip",
                "/bin/true");
    }

    @Test
    void theSmallOnesRunAnInterpreter() throws Exception {
        try (Place place = Place.make()) {
            String sum =
                    "import hashlib, threading; t = threading.Thread(target=print, args=(sum(range(10**6)),)); t.start(); t.join()";
            assertThat(base(place, "minimal", "--", "python3", "-c", sum).out()).isEqualTo("499999500000\n");
            assertThat(base(place, "hostile-tenant", "--accept-shared-kernel", "--", "python3", "-c", sum)
                            .out())
                    .isEqualTo("499999500000\n");
        }
    }
}
