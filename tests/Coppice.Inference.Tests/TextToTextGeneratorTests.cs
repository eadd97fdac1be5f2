using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class TextToTextGeneratorTests : IDisposable
{
    private const int End = 1;

    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 80 };

    private static readonly Tokenizer Letters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz "], ["<pad>", "</s>", "<extra_id_0>", "<extra_id_1>", "<extra_id_2>"]);

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("t5")]
    [InlineData("t5-gated-untied")]
    public void Greedy_writing_takes_the_largest_logit_of_the_full_pass(string name)
    {
        using var model = (T5Model)TinyModels.Create(name, _backend);
        using var generator = new TextToTextGenerator(model, Letters);
        foreach (var prompt in new[] { "the cat sat", "", "q" })
        {
            int[] source = [.. Letters.EncodeWithSpecialTokens(prompt), End];
            var written = new List<int> { 0 };
            while (written.Count <= 80)
            {
                var logits = NextLogits(model, source, [.. written]);
                var next = Array.IndexOf(logits, logits.Max());
                if (next == End) break;
                written.Add(next);
            }

            var result = generator.Generate(prompt, Greedy);
            Assert.Equal(written.Skip(1), result.Tokens);
            Assert.Equal(source.Length, result.PromptTokens);
            Assert.Equal(Letters.Decode([.. result.Tokens]), result.Text);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_text_whatever_the_number_of_threads_and_what_was_written_before()
    {
        var options = new GenerationOptions { MaxTokens = 60, Temperature = 1.5, TopP = 0.9, Seed = 5 };
        var texts = new[] { 1, 2, 3 }.Select(threads =>
        {
            using var backend = Backends.Create(threads);
            using var model = TinyModels.Create("t5", backend);
            using var generator = new TextToTextGenerator(model, Letters);
            generator.Generate("something else", options with { Seed = 9 });
            return generator.Generate("a", options).Tokens;
        }).ToList();
        Assert.All(texts, text => Assert.Equal(texts[0], text));
    }

    [Fact]
    public void Gaps_of_a_prompt_are_filled_with_what_was_written_behind_their_sentinels()
    {
        using var model = TinyModels.Create("t5", _backend);
        using var generator = new TextToTextGenerator(model, Letters);
        var (filled, pieces) = (0, new List<string>());
        for (var seed = 0UL; seed < 20; seed++)
        {
            pieces.Clear();
            var result = generator.Generate("go <extra_id_0> on <extra_id_1>.", new GenerationOptions { Temperature = 3, TopP = 1, MaxTokens = 30, Seed = seed }, pieces.Add);
            Assert.Equal([result.Text], pieces);
            var (first, second) = (Behind(result.Tokens, 2), Behind(result.Tokens, 3));
            Assert.Equal($"go {first} on {second}", result.Text);
            if (first.Length > 0) filled++;
        }

        Assert.True(filled > 3, $"{filled} of 20 were filled");

        // The letters behind a sentinel's first place, up to the next sentinel.
        static string Behind(IReadOnlyList<int> tokens, int sentinel) =>
            Letters.Decode([.. tokens.SkipWhile(token => token != sentinel).Skip(1).TakeWhile(token => token is < 2 or > 4)]);
    }

    [Fact]
    public void What_can_not_be_done_is_one_line_for_the_user()
    {
        using var model = TinyModels.Create("t5", _backend);
        using var generator = new TextToTextGenerator(model, Letters);
        Assert.Contains("gaps", Assert.Throws<CoppiceException>(() => generator.Generate("a <extra_id_0>", Greedy with { StopStrings = ["x"] })).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => generator.Generate("a", Greedy with { MaxTokens = 0 }));
        using var decoder = TinyModels.Create("llama", _backend);
        Assert.Contains("llama", Assert.Throws<CoppiceException>(() => new TextToTextGenerator(decoder, Letters)).Message, StringComparison.Ordinal);
        Assert.Contains("t5", Assert.Throws<CoppiceException>(() => new TextGenerator(model, Letters).Generate("a", Greedy)).Message, StringComparison.Ordinal);
    }

    /// <summary>The logits after what was written, without any cache, of the tokens that the tokenizer has.</summary>
    private static float[] NextLogits(T5Model model, int[] source, int[] written)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        var input = new ModelInput(model);
        input.SetPairs(
            tape, [.. source, .. written], [.. Enumerable.Range(0, source.Length), .. Enumerable.Range(0, written.Length)], [0, source.Length, source.Length + written.Length], pairs: 1, training: false);
        var hidden = model.Hidden(tape, input);
        return model.Logits(tape, tape.SliceRows(hidden, hidden.Rows - 1, 1)).ToArray()[..Letters.VocabularySize];
    }
}
