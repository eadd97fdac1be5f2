using Coppice.Corpus.Scoring;

namespace Coppice.Corpus.Language;

/// <summary>A language model in one file: languages, rounding step, temperature, and for each script its languages and their weights, a byte each, language by language.</summary>
internal static class LanguageModelFile
{
    /// <summary>The most buckets of a script, as a power of two.</summary>
    public const int MostBucketBits = 18;

    /// <summary>The most languages of a model.</summary>
    public const int MostLanguages = 1000;

    private const string Format = "CPLANG01";
    private const string Kind = "language model";
    private const string Resource = "Coppice.Corpus.Language.languages.bin";

    /// <summary>The model that is part of this assembly.</summary>
    public static LanguageIdentifier LoadDefault()
    {
        using var stream = typeof(LanguageModelFile).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return ModelFile.Read(content.ToArray(), Resource, Format, Kind, Read);
    }

    /// <summary>Reads a model.</summary>
    public static LanguageIdentifier Load(string path) => ModelFile.Read(path, Format, Kind, Read);

    /// <summary>Writes a model.</summary>
    public static void Save(LanguageIdentifier model, string path) => ModelFile.Write(path, Format, writer =>
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
    });

    private static LanguageIdentifier Read(BinaryReader reader)
    {
        var languages = new string[Number(1, MostLanguages)];
        for (var i = 0; i < languages.Length; i++) languages[i] = reader.ReadString();
        var step = reader.ReadDouble();
        var temperature = new Temperature(reader.ReadDouble(), reader.ReadDouble());
        var groups = new ScriptGroup[Number(1, Scripts.Count)];
        for (var i = 0; i < groups.Length; i++)
        {
            var script = Scripts.ByName(reader.ReadString());
            if (script < 0) throw new InvalidDataException("There is no such script.");
            var bucketBits = Number(1, MostBucketBits);
            var members = new int[Number(1, languages.Length)];
            for (var member = 0; member < members.Length; member++) members[member] = Number(0, languages.Length - 1);
            var weights = new sbyte[members.Length == 1 ? 0 : members.Length << bucketBits];
            for (var weight = 0; weight < weights.Length; weight++)
            {
                weights[weight] = reader.ReadSByte();
                if (weights[weight] is < -ScriptGroup.LargestWeight or > ScriptGroup.LargestWeight) throw new InvalidDataException("A weight is too large.");
            }

            groups[i] = new ScriptGroup(script, members, bucketBits, weights);
        }

        return new LanguageIdentifier(languages, step, temperature, groups);

        int Number(int least, int most) =>
            reader.ReadInt32() is var number && number >= least && number <= most ? number : throw new InvalidDataException($"{number} is not between {least} and {most}.");
    }
}
