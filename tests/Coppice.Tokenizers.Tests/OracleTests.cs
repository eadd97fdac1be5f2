using System.Text.Json;
using Coppice.Testing;
using Coppice.Tokenizers.Training;

namespace Coppice.Tokenizers.Tests;

/// <summary>What the reference implementation computed, to be reproduced exactly.</summary>
public class OracleTests
{
    private const string Folder = "oracles/tokenizers";

    [SharedDataTheory(Folder)]
    [InlineData("gpt2")]
    [InlineData("bpe_shakespeare")]
    [InlineData("llama_stories260k")]
    [InlineData("unigram_shakespeare")]
    [InlineData("wordpiece_shakespeare")]
    public void Encodings_of_the_reference_are_reproduced(string name)
    {
        var tokenizer = Tokenizer.Load(SharedData.At($"{Folder}/{name}"));
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedData.At($"{Folder}/{name}/encodings.json")));
        Assert.NotEqual(0, document.RootElement.GetArrayLength());
        foreach (var expected in document.RootElement.EnumerateArray())
        {
            var text = expected.GetProperty("text").GetString()!;
            var ids = expected.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            var encoding = tokenizer.EncodeWithOffsets(text, addSpecialTokens: true);
            Assert.Equal(ids, encoding.Ids);
            Assert.Equal(expected.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!), encoding.Tokens);
            Assert.Equal(expected.GetProperty("offsets").EnumerateArray().Select(offset => (offset[0].GetInt32(), offset[1].GetInt32())), encoding.Offsets);
            Assert.Equal(expected.GetProperty("decoded").GetString(), tokenizer.Decode(ids));

            if (tokenizer.SpecialTokens.Keys.Any(token => text.Contains(token, StringComparison.Ordinal))) continue;
            var plain = new List<int>();
            tokenizer.Encode(text, plain);
            Assert.Equal(tokenizer.EncodeWithOffsets(text, addSpecialTokens: false).Ids, plain);
        }
    }

    [SharedDataFact(Folder)]
    public void Training_gives_the_merges_and_ids_of_the_reference()
    {
        var trained = BpeTrainer.Train(File.ReadLines(SharedData.At("data/text/tinyshakespeare.txt")).Select(line => line + "\n"), new BpeTrainerOptions
        {
            VocabularySize = 30_000,
            MinFrequency = 0,
            SpecialTokens = [],
            InitialAlphabet = InitialAlphabet.SeenBytes,
        });
        var reference = Tokenizer.Load(SharedData.At($"{Folder}/bpe_shakespeare/tokenizer.json"));
        Assert.Equal(reference.ToJson(), trained.ToJson());
    }

    [SharedDataFact(Folder)]
    public void Gpt2_knows_its_only_special_token_though_the_file_does_not_say_so()
    {
        var tokenizer = Tokenizer.Load(SharedData.At($"{Folder}/gpt2"));
        Assert.Equal((50257, 50256, 50256), (tokenizer.VocabularySize, tokenizer.BeginOfText, tokenizer.EndOfText));
        Assert.Equal("a", tokenizer.Decode([50256, 64, 50256]));
    }

    [SharedDataFact(Folder)]
    public void Llama_begins_with_what_its_template_puts_first()
    {
        var tokenizer = Tokenizer.Load(SharedData.At($"{Folder}/llama_stories260k"));
        Assert.Equal((512, 1, 2), (tokenizer.VocabularySize, tokenizer.BeginOfText, tokenizer.EndOfText));
    }

    [SharedDataTheory(Folder)]
    [InlineData("gpt2")]
    [InlineData("bpe_shakespeare")]
    [InlineData("llama_stories260k")]
    [InlineData("unigram_shakespeare")]
    [InlineData("wordpiece_shakespeare")]
    public void A_saved_file_says_what_the_read_one_said(string name)
    {
        var path = SharedData.At($"{Folder}/{name}/tokenizer.json");
        using var folder = new TemporaryFolder();
        Tokenizer.Load(path).Save(folder.Root);
        Assert.Equal(Canonical(path), Canonical(folder.At("tokenizer.json")));
    }

    // A vocabulary is the same in any order, so objects are compared with their names sorted.
    private static string Canonical(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return Canonical(document.RootElement);
    }

    private static string Canonical(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",", element.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => p.Name + ":" + Canonical(p.Value))) + "}",
        JsonValueKind.Array => "[" + string.Join(",", element.EnumerateArray().Select(Canonical)) + "]",
        _ => element.GetRawText() is var raw && element.ValueKind == JsonValueKind.String ? element.GetString()! : raw,
    };
}
