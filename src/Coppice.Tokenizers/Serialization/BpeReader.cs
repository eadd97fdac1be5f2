using System.Text.Json;
using Coppice.Foundation;
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

        RefuseAffix(field["continuing_subword_prefix"]);
        RefuseAffix(field["end_of_word_suffix"]);
        var vocabulary = ReadVocabulary(field["vocab"]);
        var merges = field["merges"].RequireArray().Select(merge => ReadMerge(merge, vocabulary)).ToList();
        try
        {
            return new BpeModel(vocabulary, merges, new BpeOptions
            {
                ByteLevel = byteLevel,
                UnknownToken = field["unk_token"].OptionalString(),
                FuseUnknown = field["fuse_unk"].OptionalBoolean(false),
                ByteFallback = field["byte_fallback"].OptionalBoolean(false),
                IgnoreMerges = field["ignore_merges"].OptionalBoolean(false),
            });
        }
        catch (CoppiceException error)
        {
            throw field.Error(error.Message, error);
        }
    }

    private static void RefuseAffix(JsonField field)
    {
        if (field.OptionalString() is { Length: > 0 } affix) throw field.Error($"'{affix}' is not supported; only null is");
    }

    private static Vocabulary ReadVocabulary(JsonField field)
    {
        var entries = field.RequireObject().Select(entry => KeyValuePair.Create(entry.Name, entry.Field.RequireInteger())).ToList();
        if (entries.Count == 0) throw field.Error("is empty");
        try
        {
            return new Vocabulary(entries);
        }
        catch (CoppiceException error)
        {
            throw field.Error(error.Message, error);
        }
    }

    // A merge is "left right" or, in newer files, ["left", "right"].
    private static Merge ReadMerge(JsonField field, Vocabulary vocabulary)
    {
        var parts = field.Value.ValueKind == JsonValueKind.String
            ? field.RequireString().Split(' ')
            : field.RequireArray().Select(part => part.RequireString()).ToArray();
        if (parts.Length != 2) throw field.Error("must name two tokens");
        return new Merge(Find(parts[0]), Find(parts[1]), Find(parts[0] + parts[1]));

        int Find(string token) => vocabulary.Find(token) ?? throw field.Error($"the token '{token}' is not in the vocabulary");
    }
}
