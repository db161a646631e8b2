package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.node.image.ImageException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The recipe, with few packages: it needs a Debian mirror, so it runs where {@code REDOUBT_TEST_MIRROR} is set. */
class BaseImageTest {
    private static final List<String> SMALL = List.of("adduser");

    @Test
    void isReproducibleAndMadeOnce() throws IOException {
        assumeTrue(System.getenv("REDOUBT_TEST_MIRROR") != null);
        try (Scratch one = new Scratch();
                Scratch two = new Scratch()) {
            Path shim = Files.writeString(one.path("shim"), "#!/bin/sh\n");
            List<ExtraFile> extras = List.of(new ExtraFile(shim, "usr/bin/sudo", 0755));
            ImageStore store = Stores.open(one);
            List<ImageEvent> events = new ArrayList<>();

            Image image = store.ensureBase(SMALL, extras, events::add);

            assertThat(events).hasAtLeastOneElementOfType(ImageEvent.Building.class);
            assertThat(image.layers()).hasSize(2);
            Path debian = image.layerDirectories().getLast();
            assertThat(one.sh(
                            "chroot \"$1\" sh -c 'id -u user; stat -c %u /home/user; . /etc/os-release; echo $VERSION_CODENAME'",
                            debian.toString()))
                    .isEqualTo("1000\n1000\nbookworm\n");
            assertThat(debian.resolve("etc/machine-id")).isEmptyFile();
            assertThat(one.sh(
                            "find \"$1\"/var/log \"$1\"/var/lib/apt/lists \"$1\"/tmp -type f | head",
                            debian.toString()))
                    .isEmpty();
            assertThat(image.layerDirectories().getFirst().resolve("usr/bin/sudo"))
                    .hasContent("#!/bin/sh");

            events.clear();
            assertThat(store.ensureBase(SMALL, extras, events::add)).isEqualTo(image);
            assertThat(events).isEmpty();
            // Other files of ours on top: Debian is not built again.
            Image other = store.ensureBase(SMALL, List.of(), events::add);
            assertThat(other.layers().getLast()).isEqualTo(image.layers().getLast());
            assertThat(events).doesNotHaveAnyElementsOfTypes(ImageEvent.Building.class);

            assertThat(Stores.open(two).ensureBase(SMALL, extras, Stores.SILENT).digest())
                    .isEqualTo(image.digest());
            Stores.assertNoLeftovers(one);
        }
    }

    @Test
    void aBuildThatFailsSaysWhyAndLeavesNothing() throws IOException {
        assumeTrue(System.getenv("REDOUBT_TEST_MIRROR") != null);
        try (Scratch scratch = new Scratch()) {
            ImageStore store = Stores.open(scratch);

            assertThatThrownBy(() -> store.ensureBase(List.of("no-such-package-anywhere"), List.of(), Stores.SILENT))
                    .hasMessageContaining("no-such-package-anywhere")
                    .asInstanceOf(type(ImageException.class))
                    .returns(Reason.BUILD_FAILED, ImageException::reason);
            Stores.assertEmpty(scratch);
        }
    }
}
