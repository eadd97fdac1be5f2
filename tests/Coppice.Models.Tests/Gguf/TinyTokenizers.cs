using System.Text.Json.Nodes;

namespace Coppice.Models.Tests.Gguf;

/// <summary>Tokenizers of 270 tokens as the text of a <c>tokenizer.json</c>: bytes with a few merges, or characters with a fallback to bytes.</summary>
internal static class TinyTokenizers
{
    /// <summary>The tokenizer that models of an architecture usually have.</summary>
    public static string Of(string model) => model is "llama" or "mistral" ? Characters() : Bytes();

    /// <summary>Byte-level words.</summary>
    public static string Bytes()
    {
        // GPT-2's alphabet: printable characters stand for themselves, the others are numbered from U+0100.
        var next = 0x100;
        var alphabet = Enumerable.Range(0, 256).Select(value => value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : (char)next++);
        string[] merged = ["he", "the", "Ġt", "in", "er", "Ġthe"];
        return Json(
            ["<|endoftext|>", .. alphabet.Select(symbol => symbol.ToString()), .. merged],
            ["h e", "t he", "Ġ t", "i n", "e r", "Ġt he"],
            normalizer: null,
            preTokenizer: new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true },
            byteFallback: false,
            special: 1);
    }

    /// <summary>Characters, spaces written as ▁.</summary>
    public static string Characters()
    {
        var bytes = Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>");
        return Json(
            ["<unk>", "<s>", "</s>", .. bytes, "▁", "t", "h", "e", "he", "▁t", "▁the"],
            ["h e", "▁ t", "▁t he"],
            normalizer: new JsonObject
            {
                ["type"] = "Sequence",
                ["normalizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" },
                    new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = "▁" }),
            },
            preTokenizer: null,
            byteFallback: true,
            special: 3);
    }

    private static string Json(string[] tokens, string[] merges, JsonNode? normalizer, JsonNode? preTokenizer, bool byteFallback, int special) => new JsonObject
    {
        ["added_tokens"] = new JsonArray([.. Enumerable.Range(0, special).Select(id => new JsonObject
        {
            ["id"] = id, ["content"] = tokens[id], ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true,
        })]),
        ["normalizer"] = normalizer,
        ["pre_tokenizer"] = preTokenizer,
        ["post_processor"] = null,
        ["model"] = new JsonObject
        {
            ["type"] = "BPE", ["unk_token"] = byteFallback ? "<unk>" : null, ["continuing_subword_prefix"] = null, ["end_of_word_suffix"] = null, ["byte_fallback"] = byteFallback, ["ignore_merges"] = false,
            ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            ["merges"] = new JsonArray([.. merges.Select(merge => new JsonArray([.. merge.Split(' ').Select(part => (JsonNode)part)]))]),
        },
    }.ToJsonString();
}
