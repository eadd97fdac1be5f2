using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Language;

/// <summary>
/// A language model in one file: eight bytes that name the format, the SHA-256 of the rest, and the rest, which is compressed (Brotli): languages, rounding step,
/// temperature, and for each script its languages and their weights, a byte each, language by language.
/// </summary>
internal static class LanguageModelFile
{
    /// <summary>The most buckets of a script, as a power of two.</summary>
    public const int MostBucketBits = 18;

    /// <summary>The most languages of a model.</summary>
    public const int MostLanguages = 1000;

    private const string Resource = "Coppice.Corpus.Language.languages.bin";
    private static readonly byte[] s_magic = "CPLANG01"u8.ToArray();

    /// <summary>The model that is part of this assembly.</summary>
    public static LanguageIdentifier LoadDefault()
    {
        using var stream = typeof(LanguageModelFile).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return Read(content.ToArray(), Resource);
    }

    /// <summary>Reads a model.</summary>
    public static LanguageIdentifier Load(string path)
    {
        try
        {
            return Read(File.ReadAllBytes(path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>Writes a model.</summary>
    public static void Save(LanguageIdentifier model, string path)
    {
        using var content = new MemoryStream();
        using (var compressed = new BrotliStream(content, CompressionLevel.SmallestSize, leaveOpen: true))
        using (var writer = new BinaryWriter(compressed, Encoding.UTF8))
        {
            writer.Write(model.Languages.Count);
            foreach (var language in model.Languages) writer.Write(language);
            writer.Write(model.Step);
            writer.Write(model.Temperature.Scale);
            writer.Write(model.Temperature.Exponent);
            writer.Write(model.Groups.Count);
            foreach (var group in model.Groups)
            {
                writer.Write(Scripts.NameOf(group.Script));
                writer.Write(group.BucketBits);
                writer.Write(group.Languages.Length);
                foreach (var language in group.Languages) writer.Write(language);
                foreach (var weight in group.WeightsByLanguage()) writer.Write(weight);
            }
        }

        AtomicFile.WriteBytes(path, [.. s_magic, .. SHA256.HashData(content.ToArray()), .. content.ToArray()]);
    }

    private static LanguageIdentifier Read(byte[] file, string name)
    {
        var start = s_magic.Length + SHA256.HashSizeInBytes;
        if (file.Length < start || !file.AsSpan().StartsWith(s_magic)) throw new CoppiceException($"{name}: not a language model; make one with a language model trainer");
        if (!SHA256.HashData(file.AsSpan(start)).AsSpan().SequenceEqual(file.AsSpan(s_magic.Length, SHA256.HashSizeInBytes)))
            throw new CoppiceException($"{name}: the language model is damaged (its checksum does not match); copy or train it again");
        using var content = new BrotliStream(new MemoryStream(file, start, file.Length - start), CompressionMode.Decompress);
        using var reader = new BinaryReader(new BufferedStream(content, 1 << 16), Encoding.UTF8);
        var languages = new string[Number(1, MostLanguages)];
        for (var i = 0; i < languages.Length; i++) languages[i] = reader.ReadString();
        var step = reader.ReadDouble();
        var temperature = new Temperature(reader.ReadDouble(), reader.ReadDouble());
        var groups = new ScriptGroup[Number(1, Scripts.Count)];
        for (var i = 0; i < groups.Length; i++)
        {
            var script = Scripts.ByName(reader.ReadString());
            if (script < 0) throw Wrong();
            var bucketBits = Number(1, MostBucketBits);
            var members = new int[Number(1, languages.Length)];
            for (var member = 0; member < members.Length; member++) members[member] = Number(0, languages.Length - 1);
            var weights = new sbyte[members.Length == 1 ? 0 : members.Length << bucketBits];
            for (var weight = 0; weight < weights.Length; weight++)
            {
                weights[weight] = reader.ReadSByte();
                if (weights[weight] is < -ScriptGroup.LargestWeight or > ScriptGroup.LargestWeight) throw Wrong();
            }

            groups[i] = new ScriptGroup(script, members, bucketBits, weights);
        }

        return new LanguageIdentifier(languages, step, temperature, groups);

        int Number(int least, int most) => reader.ReadInt32() is var number && number >= least && number <= most ? number : throw Wrong();
        CoppiceException Wrong() => new($"{name}: the language model makes no sense; train it again");
    }
}
