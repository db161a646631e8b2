package dev.redoubt.node.walls.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The node's Ed25519 key (RFC 8032): a file that only its owner reads, with the private key (PKCS #8) and the public one, in
 * PEM. Made at its first use, whole or not at all, by whichever process is first.
 */
public final class NodeKey {
    /** Its name, in the node's part of the data directory. */
    public static final String FILE = "node-key.pem";

    private static final String ALGORITHM = "Ed25519";
    private static final String PRIVATE = "PRIVATE KEY";
    private static final String MODE = "rw-------";

    private final Path file;
    private @Nullable KeyPair pair;

    public NodeKey(Path file) {
        this.file = file;
    }

    /** A private key could not be read or made; the message says what is wrong with its file. */
    public static final class KeyException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        KeyException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Who verifies needs this.
     *
     * @throws KeyException when there is no key and none can be made
     */
    public VerifyingKey verifyingKey() {
        return new VerifyingKey(pair().getPublic());
    }

    /** The 64 bytes of a signature over some bytes. */
    byte[] sign(byte[] bytes) {
        return sign(pair().getPrivate(), bytes);
    }

    private static byte[] sign(PrivateKey key, byte[] bytes) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key);
            signature.update(bytes);
            return signature.sign();
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError("every Java has Ed25519", impossible);
        }
    }

    private synchronized KeyPair pair() {
        if (pair == null) {
            pair = readOrMake();
        }
        return pair;
    }

    private KeyPair readOrMake() {
        try {
            try {
                return read();
            } catch (NoSuchFileException firstUse) {
                make();
                return read(); // what is there now, whoever made it
            }
        } catch (IOException failed) {
            throw new KeyException("the node's key " + file + ": " + failed.getMessage(), failed);
        }
    }

    private KeyPair read() throws IOException {
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
        if (!mode.equals(PosixFilePermissions.fromString(MODE))) {
            throw new KeyException("the node's key " + file + " can be read by others than its owner: chmod 600", null);
        }
        String text = Files.readString(file);
        try {
            PrivateKey secret = KeyFactory.getInstance(ALGORITHM)
                    .generatePrivate(new PKCS8EncodedKeySpec(Pem.decoded(PRIVATE, text)));
            VerifyingKey open = VerifyingKey.parse(text);
            byte[] probe = {1};
            if (!open.fits(probe, sign(secret, probe))) {
                throw new KeyException("the two keys in " + file + " are not of one pair", null);
            }
            return new KeyPair(open.key(), secret);
        } catch (GeneralSecurityException | IllegalArgumentException wrong) {
            throw new KeyException("the node's key " + file + " is none: " + wrong.getMessage(), wrong);
        }
    }

    /** link(2) is what decides between two that are first: a second name for a whole file, or nothing. */
    private void make() throws IOException {
        Path part = file.resolveSibling(FILE + "." + UUID.randomUUID());
        try {
            KeyPair made = generated();
            String text =
                    Pem.encoded(PRIVATE, made.getPrivate().getEncoded()) + new VerifyingKey(made.getPublic()).pem();
            try (FileChannel channel = FileChannel.open(
                    part,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(MODE)))) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.createLink(file, part);
        } catch (FileAlreadyExistsException another) {
            return; // was first
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static KeyPair generated() {
        try {
            return KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError("every Java has Ed25519", impossible);
        }
    }
}
