package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class FdTest {
    @Test
    void secondCloseDoesNotCloseAStranger() {
        Fd first = LinuxFiles.open("/dev/null", LinuxFiles.O_RDONLY);
        int number = first.number();
        first.close();
        try (Fd second = LinuxFiles.open("/dev/zero", LinuxFiles.O_RDONLY)) {
            first.close();
            assertThat(second.number())
                    .as("control: the number was given out again")
                    .isEqualTo(number);
            assertThat(Files.exists(second.path())).isTrue();
        }
    }

    @Test
    void useAfterCloseIsAnError() {
        Fd fd = LinuxFiles.open("/dev/null", LinuxFiles.O_RDONLY);
        fd.close();
        assertThatIllegalStateException().isThrownBy(fd::number);
        assertThatIllegalStateException().isThrownBy(fd::duplicate);
        assertThatIllegalArgumentException().isThrownBy(() -> Fd.owned(-1));
    }

    @Test
    void everythingIsClosedOnExec() throws IOException {
        try (Fd fd = LinuxFiles.open("/dev/null", LinuxFiles.O_RDONLY);
                Fd duplicate = fd.duplicate()) {
            for (Fd each : new Fd[] {fd, duplicate}) {
                String info = Files.readString(Path.of("/proc/self/fdinfo/" + each.number()));
                assertThat(info).containsPattern("flags:\\s+02[0-7]{6}"); // O_CLOEXEC is 02000000
            }
        }
    }
}
