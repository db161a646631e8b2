package dev.redoubt.app;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RawArgumentsTest {
    /** Prints what RawArguments makes of its own arguments; a process of its own, since they are fixed at execve. */
    static final class Echo {
        private Echo() {}

        public static void main(String[] args) throws IOException {
            for (byte[] argument : RawArguments.ofThisProcess(args.length)) {
                System.out.println(HexFormat.of().formatHex(RawArguments.bytes(RawArguments.text(argument))));
            }
        }
    }

    /** What a plain main is left with. */
    static final class Control {
        private Control() {}

        public static void main(String[] args) {
            for (String argument : args) {
                System.out.println(HexFormat.of().formatHex(argument.getBytes(UTF_8)));
            }
        }
    }

    private static byte[] everyByteButNul() {
        byte[] all = new byte[255];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i + 1);
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "C.UTF-8", "POSIX"})
    void everyByteArrivesInEveryLocale(String locale) throws Exception {
        String all = HexFormat.of().formatHex(everyByteButNul());
        assertThat(echo(Echo.class, locale)).containsExactly(all, "", "2d2d", "c3a9", "eda080");
        // The control: without /proc the bytes are lost.
        assertThat(echo(Control.class, locale)).isNotEmpty().doesNotContain(all);
    }

    /** The shell makes the bytes: this JVM's own ProcessBuilder would lose them on the way out. */
    private static List<String> echo(Class<?> program, String locale) throws Exception {
        StringBuilder octal = new StringBuilder();
        for (byte b : everyByteButNul()) {
            octal.append('\\').append("%03o".formatted(b & 0xff));
        }
        String script = "all=$(printf '" + octal + "x'); exec \"$0\" -Xshare:auto -cp \"$1\" \"$2\" \"${all%x}\" '' -- "
                + "\"$(printf '\\303\\251')\" \"$(printf '\\355\\240\\200')\"";
        ProcessBuilder shell = new ProcessBuilder(
                "sh",
                "-c",
                script,
                System.getProperty("java.home") + "/bin/java",
                System.getProperty("java.class.path"),
                program.getName());
        shell.environment().put("LC_ALL", locale);
        Process process = shell.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), ISO_8859_1)
                .lines()
                .toList();
        assertThat(process.waitFor()).isZero();
        return lines;
    }

    @Test
    void textAndBytesAreInverseForRandomBytes() {
        Random random = new Random(3);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(12)];
            random.nextBytes(bytes);
            assertThat(RawArguments.bytes(RawArguments.text(bytes))).isEqualTo(bytes);
        }
    }

    @Test
    void textAndBytesAreInverseWhereValidAndInvalidMeet() {
        byte[][] pieces = {
            "a".getBytes(UTF_8),
            "é".getBytes(UTF_8),
            "😀".getBytes(UTF_8),
            {(byte) 0x80},
            {(byte) 0xf0, (byte) 0x9f},
            {(byte) 0xed, (byte) 0xb2, (byte) 0x80}
        };
        for (byte[] first : pieces) {
            for (byte[] second : pieces) {
                for (byte[] third : pieces) {
                    ByteArrayOutputStream joined = new ByteArrayOutputStream();
                    joined.writeBytes(first);
                    joined.writeBytes(second);
                    joined.writeBytes(third);
                    byte[] bytes = joined.toByteArray();
                    assertThat(RawArguments.bytes(RawArguments.text(bytes))).isEqualTo(bytes);
                }
            }
        }
    }

    @Test
    void validTextStaysReadable() {
        assertThat(RawArguments.text("grüße 😀".getBytes(UTF_8))).isEqualTo("grüße 😀");
    }

    @Test
    void emptyArgumentsCount() {
        byte[] commandLine = "java\0-cp\0x\0Main\0\0a\0\0".getBytes(UTF_8);
        assertThat(RawArguments.last(3, commandLine)).containsExactly(new byte[0], new byte[] {'a'}, new byte[0]);
        assertThat(RawArguments.last(0, commandLine)).isEmpty();
        assertThatThrownBy(() -> RawArguments.last(9, commandLine)).isInstanceOf(IllegalArgumentException.class);
    }
}
