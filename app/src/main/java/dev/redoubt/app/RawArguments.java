package dev.redoubt.app;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The arguments of this process as the bytes they are.
 *
 * <p>execve(2) takes any byte but NUL; {@code main(String[])} has already lost those that the locale cannot decode (under
 * {@code LANG=C}: all above 0x7f). The kernel still has them in /proc/self/cmdline, see proc_pid_cmdline(5).
 *
 * <p>To parse them they travel as strings in which a byte that is not part of valid UTF-8 stands as the lone surrogate
 * U+DC00 + byte, which no valid text holds: {@link #text} and {@link #bytes} are each other's inverse for every input.
 * (Python does the same under the name surrogateescape, PEP 383.)
 */
final class RawArguments {
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
    private static final char ESCAPE = 0xDC00;

    private RawArguments() {}

    /**
     * The last {@code count} arguments of this process.
     *
     * @param count how many {@code main} was given; what stands before them is Java's own
     */
    static List<byte[]> ofThisProcess(int count) throws IOException {
        return last(count, Files.readAllBytes(COMMAND_LINE));
    }

    static List<byte[]> last(int count, byte[] commandLine) {
        List<byte[]> all = split(commandLine);
        if (count > all.size()) {
            throw new IllegalArgumentException("a command line of " + all.size() + " has no " + count + " arguments");
        }
        return List.copyOf(all.subList(all.size() - count, all.size()));
    }

    private static List<byte[]> split(byte[] commandLine) {
        List<byte[]> arguments = new ArrayList<>();
        int start = 0;
        for (int at = 0; at < commandLine.length; at++) {
            if (commandLine[at] == 0) {
                arguments.add(Arrays.copyOfRange(commandLine, start, at));
                start = at + 1;
            }
        }
        return arguments;
    }

    /** A string that holds every byte of {@code argument}, readable where it is UTF-8. */
    static String text(byte[] argument) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(argument);
        CharBuffer out = CharBuffer.allocate(argument.length);
        while (decoder.decode(in, out, true).isError()) {
            out.put((char) (ESCAPE + (in.get() & 0xff)));
            decoder.reset();
        }
        return out.flip().toString();
    }

    /** The bytes that {@link #text} was made of. */
    static byte[] bytes(String text) {
        ByteBuffer out = ByteBuffer.allocate(text.length() * 3);
        int plain = 0;
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (Character.isHighSurrogate(c)
                    && at + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(at + 1))) {
                at++;
            } else if (Character.isSurrogate(c)) {
                out.put(text.substring(plain, at).getBytes(StandardCharsets.UTF_8));
                out.put((byte) (c - ESCAPE));
                plain = at + 1;
            }
        }
        out.put(text.substring(plain).getBytes(StandardCharsets.UTF_8));
        return Arrays.copyOf(out.array(), out.position());
    }
}
