using System.Text;

namespace Coppice.Tokenizers;

/// <summary>
/// GPT-2's printable alphabet for bytes: bytes that are printable Latin-1 characters stand for themselves, the others are numbered from U+0100.
/// A space is <c>Ġ</c>, a line feed <c>Ċ</c>.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOfByte = BuildCharOfByte();
    private static readonly short[] ByteOfChar = BuildByteOfChar();

    /// <summary>The character that stands for a byte.</summary>
    public static char ToChar(byte value) => CharOfByte[value];

    /// <summary>How many UTF-8 bytes the character that stands for a byte takes: 1 or 2.</summary>
    public static int EncodedLength(byte value) => CharOfByte[value] < 0x80 ? 1 : 2;

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int ToByte(char value) => value < ByteOfChar.Length ? ByteOfChar[value] : -1;

    /// <summary>The bytes that a token stands for, or null where it has a character outside the alphabet.</summary>
    public static byte[]? ToBytes(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
        {
            var value = ToByte(token[i]);
            if (value < 0) return null;
            bytes[i] = (byte)value;
        }

        return bytes;
    }

    /// <summary>The token that stands for bytes.</summary>
    public static string ToToken(ReadOnlySpan<byte> bytes)
    {
        var token = new StringBuilder(bytes.Length);
        foreach (var value in bytes) token.Append(CharOfByte[value]);
        return token.ToString();
    }

    private static char[] BuildCharOfByte()
    {
        var chars = new char[256];
        var next = 0x100;
        for (var value = 0; value < 256; value++)
        {
            var printable = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            chars[value] = printable ? (char)value : (char)next++;
        }

        return chars;
    }

    private static short[] BuildByteOfChar()
    {
        var bytes = new short[CharOfByte.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++) bytes[CharOfByte[value]] = (short)value;
        return bytes;
    }
}
