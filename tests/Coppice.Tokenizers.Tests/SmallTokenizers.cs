using System.Text.Json.Nodes;
using Coppice.Tokenizers.Training;

namespace Coppice.Tokenizers.Tests;

/// <summary>Tokenizers small enough to work out their tokens by hand, and random texts for them.</summary>
internal static class SmallTokenizers
{
    /// <summary>In the manner of Llama: characters with two bytes to fall back to, a space as ▁, a template that begins with &lt;s&gt;.</summary>
    public const string LlamaJson = """
        {
          "version": "1.0", "truncation": null, "padding": null,
          "added_tokens": [
            {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 2, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
          ],
          "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
          "pre_tokenizer": null,
          "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}
          },
          "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
          "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "<0xC3>": 3, "<0xA9>": 4, "▁": 5, "a": 6, "b": 7, "▁a": 8, "ab": 9, "▁ab": 10},
            "merges": ["▁ a", ["a", "b"], "▁a b"]
          }
        }
        """;

    private static readonly Lazy<Tokenizer> TrainedBytes = new(() => BpeTrainer.Train(Sentences(200), new BpeTrainerOptions { VocabularySize = 400, Threads = 1 }));

    public static Tokenizer Llama { get; } = Tokenizer.FromJson(LlamaJson);

    /// <summary>Byte-level, all bytes, trained on <see cref="Sentences"/>.</summary>
    public static Tokenizer Bytes => TrainedBytes.Value;

    /// <summary>The small Llama file with something changed.</summary>
    public static string With(Action<JsonNode> change, string json = LlamaJson)
    {
        var node = JsonNode.Parse(json)!;
        change(node);
        return node.ToJsonString();
    }

    public static List<int> Encode(this Tokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        return ids;
    }

    /// <summary>Sentences of invented words, always the same.</summary>
    public static IEnumerable<string> Sentences(int count)
    {
        var random = new Random(1);
        string[] syllables = ["co", "pp", "ice", "re", "st", "ing", "the", "an", "o", "ment", "é", "ß", "日本", "'s", "12", "345", "!", "ON"];
        for (var i = 0; i < count; i++)
        {
            var words = Enumerable.Range(0, random.Next(1, 20)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => syllables[random.Next(syllables.Length)])));
            yield return string.Join(' ', words) + ".\n";
        }
    }

    /// <summary>Random text that has everything the scanners look for, characters of all planes, and if wanted lone surrogates.</summary>
    public static string RandomText(Random random, int length, bool loneSurrogates = false)
    {
        var text = new System.Text.StringBuilder();
        while (text.Length < length)
        {
            switch (random.Next(loneSurrogates ? 9 : 8))
            {
                case 0: text.Append(' ', random.Next(1, 4)); break;
                case 1: text.Append("\r\n\t\n \u00A0\u3000\u0085"[random.Next(8)]); break;
                case 2: text.Append((string[])["'s", "'LL", "'re", "'Ve", "'", "'d", "'x", "' s"], random); break;
                case 3: text.Append((char)random.Next(0x21, 0x7F)); break;
                case 4: text.Append((string[])["the", "coppice", "ing", "42", "٣", "½", "Ⅷ", "é", "e\u0301", "日本語", "ǅ"], random); break;
                case 5: text.Append((string[])["🙂", "𝔘", "𠀀", "𝟙", "𐌀", "👩‍👧", "\U0010FFFF", "𑁧"], random); break;
                case 6: text.Append(RandomRune(random)); break;
                case 7: text.Append("0123456789"[random.Next(10)], random.Next(1, 6)); break;
                default: text.Append((char)random.Next(0xD800, 0xE000)); break;
            }
        }

        return text.ToString();
    }

    private static System.Text.Rune RandomRune(Random random)
    {
        while (true)
        {
            if (System.Text.Rune.TryCreate(random.Next(0x110000), out var rune)) return rune;
        }
    }

    private static void Append(this System.Text.StringBuilder text, string[] choices, Random random) => text.Append(choices[random.Next(choices.Length)]);
}
