using System.Text.Json;
using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Tokenizers.Serialization;

namespace Coppice.Tokenizers.Tests;

/// <summary>
/// Random changes of files of every format: each is read or refused, in little memory. More of them: <c>COPPICE_MUTATIONS=100000 dotnet test --filter HostileFiles</c>.
/// </summary>
public class HostileFilesTests
{
    private static readonly string[] Texts = ["Hello ▁ wörld <s>12</s>\n", "日本 e\u0301 ﬁ🙂 [MASK] don't \ud800 x", new string('a', 300)];

    [Fact]
    public void Changed_tokenizer_json_files_are_read_or_refused()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(ReferenceTests.DataFile("component-reference.json")));
        var files = document.RootElement.EnumerateArray().Select(entry => System.Text.Encoding.UTF8.GetBytes(entry.GetProperty("tokenizer").GetRawText())).ToList();
        Mutate(files, "{}[]\",:0129ab<\\\u00ff.*+()-"u8.ToArray(), bytes => TokenizerJson.Read(bytes));
    }

    [Fact]
    public void Changed_sentencepiece_models_are_read_or_refused()
    {
        string[] kinds = ["unigram", "bpe", "char", "plain"];
        var files = kinds.Select(kind => File.ReadAllBytes(ReferenceTests.DataFile($"sentencepiece-{kind}.model"))).ToList();
        Mutate(files, [0, 1, 2, 3, 5, 8, 10, 0x12, 0x15, 0x18, 0x1A, 0x7F, 0x80, 0xFF], bytes => SentencePieceReader.Read(bytes));
    }

    [Fact]
    public void Changed_tiktoken_files_are_read_or_refused()
    {
        var tokens = Enumerable.Range(0, 256).Select(value => new[] { (byte)value }).Append([97, 98]).Append([97, 98, 99]);
        var file = System.Text.Encoding.UTF8.GetBytes(string.Concat(tokens.Select((token, rank) => $"{Convert.ToBase64String(token)} {rank}\n")));
        Mutate([file], "\n =0129abAB/"u8.ToArray(), bytes => TiktokenReader.Read(bytes, "gpt2"));
    }

    private static void Mutate(List<byte[]> files, byte[] values, Func<byte[], Tokenizer> read) => FileMutations.Check<CoppiceException>(files, values, bytes =>
    {
        var tokenizer = read(bytes);
        foreach (var text in Texts)
        {
            tokenizer.Decode(tokenizer.EncodeWithSpecialTokens(text).ToArray());
            tokenizer.Encode(text);
        }
    });
}
