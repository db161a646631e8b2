package dev.redoubt.node.image;

import dev.redoubt.linux.Flock;
import dev.redoubt.node.image.Assembly.Description;
import dev.redoubt.node.image.Assembly.Tree;
import dev.redoubt.node.image.Documents.Config;
import dev.redoubt.node.image.Documents.Descriptor;
import dev.redoubt.node.image.Documents.Index;
import dev.redoubt.node.image.Documents.Manifest;
import dev.redoubt.node.image.Documents.SingleImage;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.unpack.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Takes an image from a registry: manifest, configuration, and of the layers those that are not here yet. */
final class Puller {
    private static final Map<String, String> ACCEPT = Map.of(
            "Accept",
            String.join(
                    ", ",
                    "application/vnd.oci.image.index.v1+json",
                    "application/vnd.oci.image.manifest.v1+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json",
                    "application/vnd.docker.distribution.manifest.v2+json"));

    private final RegistryClient registry;
    private final Reference reference;
    private final Platform platform;
    private final StoreDirectory store;
    private final Assembly assembly;
    private final Limits limits;
    private final Consumer<ImageEvent> progress;

    Puller(
            RegistryClient registry,
            Reference reference,
            Platform platform,
            StoreDirectory store,
            Assembly assembly,
            Limits limits,
            Consumer<ImageEvent> progress) {
        this.registry = registry;
        this.reference = reference;
        this.platform = platform;
        this.store = store;
        this.assembly = assembly;
        this.limits = limits;
        this.progress = progress;
    }

    /** A manifest's bytes under the digest that they have. */
    private static final class Document {
        private final byte[] json;

        Document(byte[] json) {
            this.json = json;
        }

        Digest digest() {
            return Digest.of(json);
        }

        Manifest manifest() {
            return Documents.manifest(json);
        }

        Config config() {
            return Documents.config(json);
        }
    }

    ImageRecord pull() throws IOException {
        Document top = manifest(reference.manifest(), reference.digest());
        Document own = top.manifest() instanceof Index(List<Descriptor> manifests) ? chosen(manifests) : top;
        if (!(own.manifest() instanceof SingleImage image)) {
            throw new ImageException(Reason.BAD_IMAGE, "an index leads to another index");
        }
        Digest configDigest = image.config().digest();
        Config config = checked(get("blobs/" + configDigest), configDigest).config();
        Selection.check(config, image.layers().size(), platform);
        for (int at = 0; at < image.layers().size(); at++) {
            add(image.layers().get(at), config.diffIds().get(at));
        }
        Description description =
                new Description(config.config(), config.platform(), config.created(), "pulled from " + reference);
        return assembly.finish(own.digest(), List.of(reference.name()), description);
    }

    private Document chosen(List<Descriptor> manifests) throws IOException {
        Digest digest = Selection.one(manifests, platform).digest();
        return manifest(digest.toString(), Optional.of(digest));
    }

    private Document manifest(String name, Optional<Digest> promised) throws IOException {
        Document document = get("manifests/" + name);
        return promised.isPresent() ? checked(document, promised.get()) : document;
    }

    private static Document checked(Document document, Digest promised) {
        if (!document.digest().equals(promised)) {
            throw new ImageException(
                    Reason.WRONG_DIGEST,
                    "a document from the registry is " + document.digest() + " and not " + promised);
        }
        return document;
    }

    private Document get(String path) throws IOException {
        try (RegistryClient.Reply reply = registry.get(path, ACCEPT)) {
            byte[] json = reply.body().readNBytes(Documents.MAX_BYTES + 1);
            if (json.length > Documents.MAX_BYTES) {
                throw new ImageException(Reason.BAD_IMAGE, "a document of the image is too long");
            }
            return new Document(json);
        } catch (IOException broken) {
            throw registry.failed("cannot read from", broken);
        }
    }

    private void add(Descriptor blob, Digest diffId) throws IOException {
        if (assembly.addPresent(diffId)) {
            return;
        }
        BlobDownload download = new BlobDownload(registry, blob, store.blobs(), progress);
        // Two pulls with a layer in common: one fetches it, the other waits and then finds it here.
        try (Flock _ =
                store.await(download::tryLock, () -> progress.accept(new ImageEvent.Waiting(diffId.toString())))) {
            if (!assembly.addPresent(diffId)) {
                download.complete();
                unpackOnce(download.file(), diffId);
            }
            Files.deleteIfExists(download.file());
        }
    }

    /** A whole blob has done its duty after one attempt to unpack it: a refused one would be refused again. */
    private void unpackOnce(Path file, Digest diffId) throws IOException {
        try {
            unpack(file, diffId);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private void unpack(Path file, Digest diffId) throws IOException {
        try (InputStream layer = Files.newInputStream(file)) {
            Tree tree = assembly.unpack(layer, diffId.toString(), limits);
            if (!tree.content().diffId().equals(diffId)) {
                throw new ImageException(
                        Reason.WRONG_DIGEST,
                        "a layer is " + tree.content().diffId() + " and not " + diffId + " as the image says");
            }
            assembly.add(tree);
        }
    }
}
