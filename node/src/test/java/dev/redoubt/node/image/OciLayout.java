package dev.redoubt.node.image;

import com.github.luben.zstd.Zstd;
import dev.redoubt.node.image.unpack.Compression;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/** Writes an OCI layout on the disk, image by image, also such as no tool would write. */
final class OciLayout {
    private final Path directory;
    private final List<String> manifests = new ArrayList<>();

    OciLayout(Path directory) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory.resolve("blobs/sha256"));
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    }

    Path directory() {
        return directory;
    }

    Path blob(Digest digest) {
        return directory.resolve("blobs/sha256").resolve(digest.hex());
    }

    Digest addBlob(byte[] bytes) throws IOException {
        Digest digest = Digest.of(bytes);
        Files.write(blob(digest), bytes);
        return digest;
    }

    /** A layer as it is in the layout. */
    record LayerBlob(Digest digest, Digest diffId, long size, String mediaType) {}

    LayerBlob addLayer(byte[] tar, Compression compression) throws IOException {
        byte[] packed = compress(tar, compression);
        String suffix =
                compression == Compression.NONE ? "" : "+" + compression.name().toLowerCase(java.util.Locale.ROOT);
        return new LayerBlob(
                addBlob(packed), Digest.of(tar), packed.length, "application/vnd.oci.image.layer.v1.tar" + suffix);
    }

    static byte[] compress(byte[] bytes, Compression compression) throws IOException {
        return switch (compression) {
            case NONE -> bytes;
            case ZSTD -> Zstd.compress(bytes);
            case GZIP -> {
                ByteArrayOutputStream packed = new ByteArrayOutputStream();
                try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                    gzip.write(bytes);
                }
                yield packed.toByteArray();
            }
            case XZ, BZIP2 -> throw new IllegalArgumentException("not needed");
        };
    }

    /** Adds an image to the index; {@code diffIds} are what its configuration claims. */
    Digest addImage(Platform platform, List<LayerBlob> layers, List<Digest> diffIds) throws IOException {
        String config = "{\"created\":\"2024-01-02T03:04:05.678Z\",\"architecture\":\"" + platform.architecture()
                + "\",\"os\":\"" + platform.os()
                + "\",\"config\":{\"Env\":[\"A=b c\",\"B=\\n\\\\\"],\"Cmd\":[\"sh\",\"-c\"],"
                + "\"Entrypoint\":[\"/e\"],\"User\":\"7:8\",\"WorkingDir\":\"/w\"},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
                + diffIds.stream().map(id -> "\"" + id + "\"").collect(Collectors.joining(",")) + "]}}";
        Digest configDigest = addBlob(config.getBytes(StandardCharsets.UTF_8));
        String manifest =
                "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
                        + descriptor("application/vnd.oci.image.config.v1+json", configDigest, config.length(), "")
                        + ",\"layers\":["
                        + layers.stream()
                                .map(layer -> descriptor(layer.mediaType(), layer.digest(), layer.size(), ""))
                                .collect(Collectors.joining(","))
                        + "]}";
        Digest digest = addBlob(manifest.getBytes(StandardCharsets.UTF_8));
        manifests.add(descriptor(
                "application/vnd.oci.image.manifest.v1+json",
                digest,
                manifest.length(),
                ",\"platform\":{\"os\":\"" + platform.os() + "\",\"architecture\":\"" + platform.architecture()
                        + "\"}"));
        return digest;
    }

    Digest addImage(Platform platform, LayerBlob... layers) throws IOException {
        List<LayerBlob> all = List.of(layers);
        return addImage(platform, all, all.stream().map(LayerBlob::diffId).toList());
    }

    private static String descriptor(String mediaType, Digest digest, long size, String more) {
        return "{\"mediaType\":\"" + mediaType + "\",\"digest\":\"" + digest + "\",\"size\":" + size + more + "}";
    }

    /** Writes the index; with {@code nested}, as Docker does it, an index that leads to the index. */
    OciLayout finish(boolean nested) throws IOException {
        String index = index(String.join(",", manifests));
        if (nested) {
            Digest inner = addBlob(index.getBytes(StandardCharsets.UTF_8));
            index = index(descriptor("application/vnd.oci.image.index.v1+json", inner, index.length(), ""));
        }
        Files.writeString(directory.resolve("index.json"), index);
        return this;
    }

    private static String index(String manifests) {
        return "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":["
                + manifests + "]}";
    }
}
