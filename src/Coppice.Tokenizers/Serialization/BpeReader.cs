using System.Text.Json;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Serialization;

/// <summary>Reads a BPE model from <c>tokenizer.json</c>.</summary>
internal static class BpeReader
{
    public static BpeModel Read(JsonField field, bool byteLevel)
    {
        var dropout = field["dropout"];
        if (!dropout.IsNull && !(dropout.Value.ValueKind == JsonValueKind.Number && dropout.Value.GetDouble() == 0))
        {
            throw dropout.Error("dropping merges at random is not supported; set it to null");
        }

        var prefix = Affix(field["continuing_subword_prefix"]);
        var vocabulary = ModelReaders.ReadVocabulary(field["vocab"]);
        var merges = field["merges"].RequireArray().Select(merge => ReadMerge(merge, vocabulary, prefix ?? "")).ToList();
        return ModelReaders.Checked(field, () => new BpeModel(vocabulary, merges, new BpeOptions
        {
            ByteLevel = byteLevel,
            UnknownToken = field["unk_token"].OptionalString(),
            FuseUnknown = field["fuse_unk"].OptionalBoolean(false),
            ByteFallback = field["byte_fallback"].OptionalBoolean(false),
            IgnoreMerges = field["ignore_merges"].OptionalBoolean(false),
            ContinuingPrefix = prefix,
            WordSuffix = Affix(field["end_of_word_suffix"]),
        }));
    }

    /// <summary>Whether symbols depend on their place in the word.</summary>
    public static bool HasAffixes(JsonField field) => Affix(field["continuing_subword_prefix"]) is not null || Affix(field["end_of_word_suffix"]) is not null;

    private static string? Affix(JsonField field) => field.OptionalString() is { Length: > 0 } affix ? affix : null;

    // A merge is "left right" or, in newer files, ["left", "right"].
    private static Merge ReadMerge(JsonField field, Vocabulary vocabulary, string prefix)
    {
        var parts = field.Value.ValueKind == JsonValueKind.String
            ? field.RequireString().Split(' ')
            : field.RequireArray().Select(part => part.RequireString()).ToArray();
        if (parts.Length != 2) throw field.Error("must name two tokens");
        return new Merge(Find(parts[0]), Find(parts[1]), Find(parts[0] + parts[1][Math.Min(prefix.Length, parts[1].Length)..]));

        int Find(string token) => vocabulary.Find(token) ?? throw field.Error($"the token {Quoted.Text(token)} is not in the vocabulary");
    }
}
