using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Serialization;

/// <summary>Reads the model of a <c>tokenizer.json</c>.</summary>
internal static class ModelReaders
{
    private static readonly ComponentRegistry<TokenModel> Models = new(new Dictionary<string, Func<JsonField, TokenModel>>
    {
        ["BPE"] = field => BpeReader.Read(field, byteLevel: false),
        ["Unigram"] = ReadUnigram,
        ["WordLevel"] = field => Checked(field, () => new WordLevelModel(ReadVocabulary(field["vocab"]), field["unk_token"].OptionalString() ?? "<unk>")),
        ["WordPiece"] = ReadWordPiece,
    });

    /// <summary>Reads the model.</summary>
    /// <param name="field">The model.</param>
    /// <param name="isByteLevel">Whether words come out of the pre-tokenizer as text whose bytes the model may look at.</param>
    public static TokenModel Read(JsonField field, bool isByteLevel)
    {
        var type = TypeOf(field);
        return isByteLevel && type == "BPE" ? BpeReader.Read(field, byteLevel: true) : Models.Read(field, type);
    }

    /// <summary>Whether the model can look at a word's bytes itself.</summary>
    public static bool LooksAtBytes(JsonField field) => TypeOf(field) == "BPE" && !BpeReader.HasAffixes(field);

    /// <summary>Reads the tokens of a model with their ids.</summary>
    public static Vocabulary ReadVocabulary(JsonField field)
    {
        var entries = field.RequireObject().Select(entry => KeyValuePair.Create(entry.Name, entry.Field.RequireInteger())).ToList();
        if (entries.Count == 0) throw field.Error("is empty");
        return Checked(field, () => new Vocabulary(entries));
    }

    /// <summary>Makes something of a field; what it complains of gets the field's place.</summary>
    public static T Checked<T>(JsonField field, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (CoppiceException error) when (!error.Message.StartsWith(field.Path, StringComparison.Ordinal))
        {
            throw field.Error(error.Message, error);
        }
    }

    // Files from before 2021 don't say what the model is: what it has does.
    private static string TypeOf(JsonField field)
    {
        if (!field["type"].IsNull) return field["type"].RequireString();
        if (!field["merges"].IsNull) return "BPE";
        if (field["vocab"].Value.ValueKind == JsonValueKind.Array) return "Unigram";
        return field["max_input_chars_per_word"].IsNull ? "WordLevel" : "WordPiece";
    }

    private static WordPieceModel ReadWordPiece(JsonField field)
    {
        var longest = field["max_input_chars_per_word"];
        var options = new WordPieceOptions
        {
            UnknownToken = field["unk_token"].OptionalString() ?? "[UNK]",
            ContinuingPrefix = field["continuing_subword_prefix"].OptionalString() ?? "##",
            MaxCharactersPerWord = longest.IsNull ? 100 : longest.RequireInteger(),
        };
        return Checked(field, () => new WordPieceModel(ReadVocabulary(field["vocab"]), options));
    }

    private static UnigramModel ReadUnigram(JsonField field)
    {
        var pieces = field["vocab"].RequireArray().Select(ReadPiece).ToList();
        if (pieces.Count == 0) throw field["vocab"].Error("is empty");
        if (field["unk_id"].IsNull) throw field["unk_id"].Error("is missing: a Unigram model needs a token for unknown characters");
        return Checked(field, () => new UnigramModel(pieces, field["unk_id"].RequireInteger(), field["byte_fallback"].OptionalBoolean(false)));
    }

    private static UnigramPiece ReadPiece(JsonField field)
    {
        if (field.Value.ValueKind != JsonValueKind.Array || field.Value.GetArrayLength() != 2) throw field.Error("must be a token and its score");
        return new UnigramPiece(field.ItemAt(0).RequireString(), field.ItemAt(1).RequireNumber());
    }
}
