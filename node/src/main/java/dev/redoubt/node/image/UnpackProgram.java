package dev.redoubt.node.image;

import com.github.luben.zstd.ZstdInputStream;
import dev.redoubt.linux.Directory;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.unpack.Unpacker;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A Java program for a sandbox.
 *
 * @param classPath directories and jars of this machine, to be shown inside
 */
record UnpackProgram(List<Path> classPath, Class<?> main) {
    UnpackProgram {
        classPath = List.copyOf(classPath);
    }

    /** The program that unpacks: of our class path only the parts that it uses, wherever they come from. */
    static UnpackProgram unpacker() {
        return new UnpackProgram(sources(Unpacker.class, Directory.class, ZstdInputStream.class), Unpacker.class);
    }

    /** Where classes come from, each place once. */
    static List<Path> sources(Class<?>... classes) {
        return Stream.of(classes).map(UnpackProgram::source).distinct().toList();
    }

    private static Path source(Class<?> part) {
        try {
            return Path.of(
                    part.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException odd) {
            throw new ImageException(Reason.UNPACK_FAILED, "our own classes are in a place without a path", odd);
        }
    }
}
