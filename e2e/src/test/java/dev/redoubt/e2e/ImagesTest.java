package dev.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The images of this machine on the command line. */
class ImagesTest {
    @Test
    void anArchiveThatIsNotThereIsSaidSo() throws Exception {
        try (Place place = Place.make()) {
            Cli.Said said = new Cli(place).run("image", "import", "--name", "x", "/nonexistent.tar");
            assertThat(said.exit()).isEqualTo(4);
            assertThat(said.errors())
                    .isEqualToIgnoringNewLines("redoubt: NOT_FOUND: there is no file /nonexistent.tar to import");
        }
    }

    @Test
    void aStoreOfAnotherVersionIsListedWithOneWarning() throws Exception {
        try (Place place = Place.make()) {
            place.open(place.settings()).close();
            Path refs = place.data().resolve("node/images/refs");
            Files.writeString(refs.resolve("old"), "sha256:" + "0".repeat(64) + "\n");
            Files.writeString(refs.resolve("older"), "older\n");
            Cli cli = new Cli(place);

            Cli.Said listed = cli.run("image", "ls");
            assertThat(listed.exit()).isZero();
            assertThat(listed.out()).contains("busybox").doesNotContain("old");
            assertThat(listed.errors().lines())
                    .singleElement()
                    .asString()
                    .startsWith("redoubt: warning: ")
                    .contains(" old, older;", "image rm");
            assertThat(cli.run("image", "ls", "--json").out()).startsWith("[").contains("busybox");

            for (String name : List.of("old", "older")) {
                assertThat(cli.run("image", "rm", name).exit()).as(name).isZero();
            }
            assertThat(cli.run("image", "ls").errors()).isEmpty();
            try (Stream<Path> left = Files.list(refs)) {
                assertThat(left).hasSize(1);
            }
        }
    }
}
