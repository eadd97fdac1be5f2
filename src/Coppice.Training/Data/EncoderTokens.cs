using System.Text.Json.Nodes;
using Coppice.Tokenizers;

namespace Coppice.Training.Data;

/// <summary>The special tokens of the encoders' tokenizers: one that pads, those around a text, one for the unknown and one for the hidden, or many for hidden spans.</summary>
internal static class EncoderTokens
{
    /// <summary>The id of RoBERTa's padding in <see cref="Of"/>: positions begin behind it.</summary>
    public const int RobertaPad = 1;

    private static readonly string[] Bert = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    private static readonly string[] Roberta = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
    private static readonly string[] T5 = ["<pad>", "</s>", "<unk>", .. Enumerable.Range(0, Sentinels.Usual).Select(Sentinels.Name)];

    /// <summary>The special tokens of an architecture, in the order of their ids; null where the kind of tokenizer decides.</summary>
    /// <param name="architecture">The recipe's name of the architecture.</param>
    public static IReadOnlyList<string>? Of(string architecture) =>
        architecture switch { "bert" or "electra" => Bert, "roberta" => Roberta, "t5" => T5, _ => null };

    /// <summary>The token that pads; null where the tokenizer has none.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    public static int? PadOf(ITokenizer tokenizer) => tokenizer is Tokenizer known
        ? new[] { Bert[0], Roberta[RobertaPad] }.Where(known.SpecialTokens.ContainsKey).Select(name => (int?)known.SpecialTokens[name]).FirstOrDefault()
        : null;

    /// <summary>The tokenizer with a rule that puts the first (where there is one) and last token around a text, so that other tools give a model what it was trained on.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    public static Tokenizer AroundTexts(Tokenizer tokenizer)
    {
        if (tokenizer.EndOfText is not { } end) return tokenizer;
        var json = JsonNode.Parse(tokenizer.ToJson())!;
        if (json["post_processor"] is not null) return tokenizer;
        var last = tokenizer.IdToToken(end)!;
        var (single, pair) = (new JsonArray(), new JsonArray());
        var special = new JsonObject { [last] = Token(last, end) };
        if (tokenizer.BeginOfText is { } begin)
        {
            var first = tokenizer.IdToToken(begin)!;
            foreach (var array in new[] { single, pair }) array.Add((JsonNode)Special(first, 0));
            special.Insert(0, first, Token(first, begin));
        }

        foreach (JsonNode node in new[] { Text("A", 0), Special(last, 0) }) single.Add(node);
        foreach (JsonNode node in new[] { Text("A", 0), Special(last, 0), Text("B", 1), Special(last, 1) }) pair.Add(node);
        json["post_processor"] = new JsonObject { ["type"] = "TemplateProcessing", ["single"] = single, ["pair"] = pair, ["special_tokens"] = special };
        return Tokenizer.FromJson(json.ToJsonString());

        static JsonObject Special(string token, int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = type } };

        static JsonObject Text(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };

        static JsonObject Token(string token, int id) => new() { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) };
    }
}
