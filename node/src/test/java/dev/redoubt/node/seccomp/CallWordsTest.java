package dev.redoubt.node.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.calls.CallNumbers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CallWordsTest {
    private static long[] six(long... arguments) {
        return Arrays.copyOf(arguments, 6);
    }

    private static CallText read(int argument, String text) {
        return new CallText.Read(argument, text.getBytes(StandardCharsets.ISO_8859_1), true);
    }

    private static String words(String call, long[] arguments, CallText... texts) {
        return CallWords.of(CallNumbers.of(call), arguments, List.of(texts));
    }

    @Test
    void aCallReadsAsOneWouldWriteIt() {
        assertThat(words("mount", six(1, 1, 1, 0x8000, 1), read(0, "/dev/sda1"), read(1, "/mnt"), read(2, "ext4")))
                .isEqualTo("mount(\"/dev/sda1\", \"/mnt\", \"ext4\", 0x8000, ...)");
        assertThat(words("mount", six(1, 0, 1, 0, 0), new CallText.Unreadable(0)))
                .isEqualTo("mount(bad address, NULL, ..., 0, NULL)");
        assertThat(words("unshare", six(0x10020000))).isEqualTo("unshare(CLONE_NEWNS|CLONE_NEWUSER)");
        assertThat(words("socket", six(40, 1, 0))).isEqualTo("socket(AF_VSOCK, 0x1, 0)");
        assertThat(words("ptrace", six(16, 1, 0, 0))).isEqualTo("ptrace(PTRACE_ATTACH, 1, NULL, NULL)");
        assertThat(words("mknodat", six(-100, 1, 0x21b6, 0x103), read(1, "n")))
                .isEqualTo("mknodat(AT_FDCWD, \"n\", 020666, 0x103)");
        assertThat(words("sync", six())).isEqualTo("sync()");
    }

    /** It is printed on terminals and into logs, and a stranger has written it. */
    @Test
    void nothingButPrintableAsciiComesThrough() {
        StringBuilder all = new StringBuilder();
        for (char c = 1; c < 256; c++) {
            all.append(c);
        }
        for (int from = 0; from < all.length(); from += 50) {
            String part = all.substring(from, Math.min(all.length(), from + 50));
            assertThat(words("chroot", six(1), read(0, part))).matches("[ -~]+");
        }
        assertThat(words("chroot", six(1), read(0, "\u001b]0;x\u0007\"\n")))
                .isEqualTo("chroot(\"\\x1b]0;x\\x07\\\"\\n\")");
    }

    @Test
    void aLongStringIsCut() {
        assertThat(words("chroot", six(1), read(0, "a".repeat(80)))).isEqualTo("chroot(\"" + "a".repeat(80) + "\")");
        assertThat(words("chroot", six(1), read(0, "a".repeat(81)))).isEqualTo("chroot(\"" + "a".repeat(80) + "\"...)");
        assertThat(words("chroot", six(1), new CallText.Read(0, new byte[] {'a'}, false)))
                .isEqualTo("chroot(\"a\"...)");
    }

    /** A call that is asked about and has no words would be a riddle in the log. */
    @Test
    void everyCallThatIsAskedAboutHasWords() {
        Stream.concat(Asked.USUAL.refusals().stream(), Asked.USUAL.always().stream())
                .filter(call -> !call.equals("sync") && !call.equals("vhangup"))
                .forEach(call -> assertThat(words(call, six(1, 1, 1, 1, 1, 1)))
                        .startsWith(call + "(")
                        .isNotEqualTo(call + "()"));
    }
}
