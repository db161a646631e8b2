package dev.redoubt.node.image;

import dev.redoubt.linux.Directory;
import dev.redoubt.linux.FileInput;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.image.Assembly.Description;
import dev.redoubt.node.image.Assembly.Tree;
import dev.redoubt.node.image.Documents.Config;
import dev.redoubt.node.image.Documents.Descriptor;
import dev.redoubt.node.image.Documents.DockerArchive;
import dev.redoubt.node.image.Documents.Index;
import dev.redoubt.node.image.Documents.SingleImage;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.unpack.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * Images from files: a root file system, what {@code docker save} writes, or an OCI layout.
 *
 * <p>Which of them an archive is, nobody has to say: it is unpacked in the sandbox like a layer, and then either it is
 * an image's parts, read from there, or it already is the only layer.
 */
final class Importer {
    private static final List<String> ROOT_DIRECTORIES = List.of("bin", "etc", "usr", "sbin", "lib");

    private final Assembly assembly;
    private final Platform platform;
    private final Limits limits;

    Importer(Assembly assembly, Platform platform, Limits limits) {
        this.assembly = assembly;
        this.platform = platform;
        this.limits = limits;
    }

    /** Takes an archive of any of the three kinds. */
    ImageRecord archive(InputStream archive, String name) throws IOException {
        Tree outer = assembly.unpack(archive, name, limits);
        try (Directory root = Directory.open(outer.root())) {
            boolean rootFileSystem = ROOT_DIRECTORIES.stream()
                    .anyMatch(directory -> root.status(bytes(directory)).isPresent());
            if (!rootFileSystem && has(root, "index.json")) {
                return layout(root, name);
            }
            if (!rootFileSystem && has(root, "manifest.json")) {
                return dockerArchive(root, name);
            }
        }
        return rootFileSystem(outer, name);
    }

    /** Takes an OCI layout that is a directory of this machine. */
    ImageRecord layoutDirectory(Path directory, String name) throws IOException {
        try (Directory root = Directory.open(directory)) {
            if (!has(root, "index.json")) {
                throw new ImageException(Reason.BAD_IMAGE, directory + " is not an OCI layout: it has no index.json");
            }
            return layout(root, name);
        }
    }

    private static boolean has(Directory root, String name) {
        return root.status(bytes(name)).isPresent();
    }

    private ImageRecord rootFileSystem(Tree tree, String name) throws IOException {
        assembly.add(tree);
        Digest digest = Digest.of("rootfs " + tree.content().diffId());
        Description description =
                new Description(ImageConfig.EMPTY, platform, Instant.EPOCH, "imported root file system");
        return assembly.finish(digest, List.of(name), description);
    }

    private ImageRecord dockerArchive(Directory root, String name) throws IOException {
        DockerArchive archive = Documents.dockerArchive(read(root, "manifest.json"));
        byte[] json = read(root, archive.config());
        Config config = checkedConfig(json, archive.layers().size());
        for (int at = 0; at < archive.layers().size(); at++) {
            Digest diffId = config.diffIds().get(at);
            if (!assembly.addPresent(diffId)) {
                try (InputStream layer = open(root, archive.layers().get(at))) {
                    addChecked(layer, diffId);
                }
            }
        }
        return finish(Digest.of(json), config, name, "imported docker-archive");
    }

    private ImageRecord layout(Directory root, String name) throws IOException {
        Descriptor descriptor = choose(root, read(root, "index.json"), 0);
        SingleImage image = single(blob(root, descriptor));
        Config config = checkedConfig(blob(root, image.config()), image.layers().size());
        for (int at = 0; at < image.layers().size(); at++) {
            Digest diffId = config.diffIds().get(at);
            if (!assembly.addPresent(diffId)) {
                Descriptor layer = image.layers().get(at);
                try (VerifiedStream stream = new VerifiedStream(open(root, blobPath(layer.digest())), layer)) {
                    addChecked(stream, diffId);
                    stream.verify();
                }
            }
        }
        return finish(descriptor.digest(), config, name, "imported OCI layout");
    }

    /** Goes down through indexes (Docker writes one into another) to the one image for our platform. */
    private Descriptor choose(Directory root, byte[] index, int depth) throws IOException {
        if (!(Documents.manifest(index) instanceof Index(List<Descriptor> manifests)) || depth > 2) {
            throw new ImageException(Reason.BAD_IMAGE, "the layout's index is not one");
        }
        Descriptor chosen = Selection.one(manifests, platform);
        byte[] json = blob(root, chosen);
        return Documents.manifest(json) instanceof Index ? choose(root, json, depth + 1) : chosen;
    }

    private static SingleImage single(byte[] json) {
        if (Documents.manifest(json) instanceof SingleImage image) {
            return image;
        }
        throw new ImageException(Reason.BAD_IMAGE, "an image's manifest is wanted, not an index");
    }

    private Config checkedConfig(byte[] json, int layers) {
        Config config = Documents.config(json);
        Selection.check(config, layers, platform);
        return config;
    }

    private void addChecked(InputStream layer, Digest diffId) throws IOException {
        Tree tree = assembly.unpack(layer, diffId.toString(), limits);
        if (!tree.content().diffId().equals(diffId)) {
            throw new ImageException(
                    Reason.WRONG_DIGEST,
                    "a layer is " + tree.content().diffId() + " and not " + diffId + " as the image says");
        }
        assembly.add(tree);
    }

    private ImageRecord finish(Digest digest, Config config, String name, String source) {
        return assembly.finish(
                digest, List.of(name), new Description(config.config(), config.platform(), config.created(), source));
    }

    private static byte[] blob(Directory root, Descriptor descriptor) throws IOException {
        byte[] bytes = read(root, blobPath(descriptor.digest()));
        if (!Digest.of(bytes).equals(descriptor.digest())) {
            throw new ImageException(Reason.WRONG_DIGEST, "a blob of the layout is not what its name says");
        }
        return bytes;
    }

    private static String blobPath(Digest digest) {
        return "blobs/sha256/" + digest.hex();
    }

    private static byte[] read(Directory root, String path) throws IOException {
        try (InputStream file = open(root, path)) {
            byte[] bytes = file.readNBytes(Documents.MAX_BYTES + 1);
            if (bytes.length > Documents.MAX_BYTES) {
                throw new ImageException(Reason.BAD_IMAGE, "a document of the image is too long");
            }
            return bytes;
        }
    }

    /** The path comes from the archive: the kernel keeps it inside. */
    private static FileInput open(Directory root, String path) {
        try {
            return root.openFile(bytes(path));
        } catch (LinuxException | IllegalArgumentException refused) {
            throw new ImageException(Reason.BAD_IMAGE, "the image lacks one of its parts, or it is no file", refused);
        }
    }

    private static byte[] bytes(String path) {
        return path.getBytes(StandardCharsets.UTF_8);
    }
}
