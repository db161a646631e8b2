package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * W16: a developer's tools work as the sandbox's root, and not where the profile gives root nothing. The base image is that
 * of the machine ({@code REDOUBT_DATA_DIR} or the default), because building it takes a minute and more.
 */
@Tag("base")
class PackagesTest {
    private static final Path SCRIPTS = Checkout.HOME.resolve("e2e/src/test/resources/packages");

    private static Cli.Said base(Place place, String... arguments) throws Exception {
        return Cli.onBase(place, 900, List.of(arguments));
    }

    @Test
    void everythingInstalls() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said said = base(
                    place,
                    "--user",
                    "root",
                    "--memory",
                    "1G",
                    "--network",
                    "localhost",
                    "--mount",
                    SCRIPTS.resolve("make-fixtures.sh") + ":/srv/make-fixtures.sh:ro",
                    "--mount",
                    SCRIPTS.resolve("install-everything.sh") + ":/srv/install.sh:ro",
                    "--",
                    "sh",
                    "-c",
                    "mkdir -p /srv/fixtures; sh /srv/install.sh");
            assertThat(said.exit()).as(said.errors() + said.out()).isZero();
            assertThat(said.out())
                    .contains("hello from apt")
                    .contains("owner 33:33")
                    .contains("su: I am alice in /home/alice")
                    .contains("hello from pip")
                    .contains("hello from npm")
                    .contains("hello from git")
                    .endsWith("everything installed\n");
        }
    }

    @Test
    void sudoAsksTheGuestAndMinimalHasNoRoot() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said sudo = base(place, "--", "sh", "-c", "id -u; sudo id -u; sudo sh -c 'exit 3'; echo $?");
            assertThat(sudo.out()).as(sudo.errors()).isEqualTo("1000\n0\n3\n");
            Cli.Said minimal = base(place, "--profile", "minimal", "--", "sh", "-c", "sudo id -u || echo no root");
            assertThat(minimal.out()).isEqualTo("no root\n");
            assertThat(base(place, "--profile", "minimal", "--user", "root", "--", "true")
                            .exit())
                    .isEqualTo(125);
        }
    }

    @Test
    void pythonDoesTheSumOfTheReadme() throws Exception {
        try (Place place = Place.make()) {
            assertThat(base(place, "--", "python3", "-c", "print(sum(range(10**6)))")
                            .out())
                    .isEqualTo("499999500000\n");
        }
    }
}
