package dev.redoubt.node.walls.report;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;

/** The public half of a node's key. */
public record VerifyingKey(PublicKey key) {
    private static final String LABEL = "PUBLIC KEY";

    /**
     * Reads one in PEM (SubjectPublicKeyInfo, RFC 8410).
     *
     * @throws IllegalArgumentException when it is none
     */
    public static VerifyingKey parse(String pem) {
        try {
            return new VerifyingKey(
                    KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(Pem.decoded(LABEL, pem))));
        } catch (GeneralSecurityException wrong) {
            throw new IllegalArgumentException("not an Ed25519 public key in PEM: " + wrong.getMessage(), wrong);
        }
    }

    /** In PEM. */
    public String pem() {
        return Pem.encoded(LABEL, key.getEncoded());
    }

    /** SHA-256 of its DER form, in hexadecimal: {@code openssl pkey -pubin -outform DER | sha256sum} says the same. */
    public String id() {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key.getEncoded()));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java has SHA-256", impossible);
        }
    }

    /** Whether a signature over these bytes is by the other half. */
    boolean fits(byte[] bytes, byte[] signed) {
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initVerify(key);
            signature.update(bytes);
            return signature.verify(signed);
        } catch (SignatureException | InvalidKeyException malformed) {
            return false;
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java has Ed25519", impossible);
        }
    }
}
