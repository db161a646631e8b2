package dev.redoubt.node.image;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The layers on the disk, each in a directory named by its key: the tree in {@code root}, its bytes in {@code size}.
 *
 * <p>The key is the digest of the uncompressed archive (diffId), so that images share layers. An archive may leave out
 * the entries of directories that hold its files; then their mode and owner are those of the layers below, and the same
 * archive makes different trees on different layers. Such a layer is kept under the digest of the whole chain (the OCI
 * image specification's ChainID).
 */
final class Layers {
    private final StoreDirectory store;

    Layers(StoreDirectory store) {
        this.store = store;
    }

    /** Root of the layer's tree. */
    Path directory(Digest key) {
        return holder(key).resolve("root");
    }

    private Path holder(Digest key) {
        return store.layers().resolve(key.hex());
    }

    boolean has(Digest key) {
        return Files.isDirectory(holder(key));
    }

    /** Bytes of its files, noted when it was unpacked. */
    long size(Digest key) {
        try {
            return Long.parseLong(Files.readString(holder(key).resolve("size")));
        } catch (IOException cannot) {
            throw StoreDirectory.failure("cannot read the size of a layer", cannot);
        }
    }

    /** The OCI image specification's ChainID of a layer on top of {@code below}. */
    static Digest chain(Digest below, Digest diffId) {
        return Digest.of(below + " " + diffId);
    }

    /** Moves a finished layer, its tree in {@code root} and its {@code size}, to its place; when another process was faster, its tree stays and this one is left. */
    void publish(Path tree, Digest key) {
        store.shared(() -> {
            try (Directory from = Directory.open(java.util.Objects.requireNonNull(tree.getParent()));
                    Directory made = Directory.open(tree);
                    Directory layers = Directory.open(store.layers())) {
                made.syncFileSystem();
                from.move(bytes(Workspace.fileName(tree)), layers, bytes(key.hex()));
                StoreDirectory.sync(store.layers());
            } catch (IOException cannot) {
                throw StoreDirectory.failure("cannot keep a layer", cannot);
            } catch (LinuxException refused) {
                if (refused.errno() != Errno.EEXIST) {
                    throw refused;
                }
            }
            return key;
        });
    }

    /** Moves a layer away, out of reach of everybody; with the exclusive lock held. */
    void withdraw(Digest key, Path workspace) {
        try (Directory layers = Directory.open(store.layers());
                Directory to = Directory.open(workspace)) {
            layers.move(bytes(key.hex()), to, bytes(key.hex()));
        }
    }

    Set<Digest> all() throws IOException {
        Set<Digest> keys = new HashSet<>();
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(store.layers())) {
            for (Path directory : directories) {
                if (Digest.isHex(Workspace.fileName(directory))) {
                    keys.add(new Digest(Workspace.fileName(directory)));
                }
            }
        }
        return keys;
    }

    private static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.US_ASCII);
    }
}
