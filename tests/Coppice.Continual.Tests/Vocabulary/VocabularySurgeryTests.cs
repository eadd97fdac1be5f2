using Coppice.Continual.Vocabulary;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Tests.Vocabulary;

public sealed class VocabularySurgeryTests : IDisposable
{
    private const string OldText = "the wood is cut and the wood grows again and the stool stays";

    private static readonly Tokenizer Old = BpeTrainer.Train([OldText], new BpeTrainerOptions { VocabularySize = 270, Threads = 1 });

    private static readonly ExtendedTokenizer Extended =
        VocabularyExtension.Extend(Old, ["Gesetz über Gesetze und das Gesetz"], new VocabularyExtensionOptions { Tokens = 9, MinFrequency = 1, Threads = 1 });

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    private LanguageModel Create(string name, int padding = 0) => TinyModels.Create(name, _backend, Old.VocabularySize + padding, positions: 64);

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void Old_values_keep_their_bits_and_new_rows_are_the_means_of_their_pieces(string name)
    {
        foreach (var padding in (int[])[0, 3, 20])
        {
            using var model = Create(name, padding);
            using var grown = VocabularySurgery.Grow(model, Extended);
            Assert.Equal(Math.Max(Old.VocabularySize + padding, Old.VocabularySize + 9), grown.Configuration.VocabularySize);
            Assert.Equal(model.Configuration, grown.Configuration.WithVocabulary(model.Configuration.VocabularySize));
            foreach (var parameter in model.Parameters.Parameters)
            {
                var (before, after) = (parameter.Tensor.ToArray(), grown.Parameters[parameter.Name].Tensor.ToArray());
                var grows = parameter == model.Embedding || parameter == model.Head;
                var kept = grows ? Old.VocabularySize * model.Configuration.HiddenSize : before.Length;
                Assert.Equal(before.AsSpan(0, kept), after.AsSpan(0, kept));
                if (!grows) continue;
                var rows = before.Chunk(model.Configuration.HiddenSize).ToArray();
                var newRows = after.Chunk(model.Configuration.HiddenSize).ToArray();
                for (var i = 0; i < 9; i++)
                {
                    var mean = Enumerable.Range(0, rows[0].Length).Select(c => (float)Extended.Pieces[i].Average(piece => rows[piece][c]));
                    Assert.All(mean.Zip(newRows[Old.VocabularySize + i]), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
                }

                for (var id = Old.VocabularySize + 9; id < rows.Length; id++) Assert.Equal(rows[id], newRows[id]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void Means_of_all_rows_have_no_more_than_their_share(string name)
    {
        using var model = Create(name);
        using var grown = VocabularySurgery.Grow(model, Extended, "mean");
        var share = NewTokenShare.Measure(grown, Extended.Tokenizer, [new Document("1", OldText, "old")], Extended.FirstNewId, 9);
        Assert.InRange(share.Probability, 1e-9, 9.0 / (Old.VocabularySize + 9));
        var rows = grown.Embedding.Tensor.ToArray().Chunk(grown.Configuration.HiddenSize).ToArray();
        Assert.NotEqual(rows[^1], rows[^2]);
    }

    [Fact]
    public void Random_rows_take_everything_where_logits_are_far_below_zero_and_rows_between_the_old_ones_do_not()
    {
        using var model = Create("gpt2-untied");
        // The last norm gives the first unit vector always, so that the first column of the head is the logits.
        model.Parameters["transformer.ln_f.weight"].Tensor.CopyFrom(new float[12]);
        model.Parameters["transformer.ln_f.bias"].Tensor.CopyFrom([1, .. new float[11]]);
        for (var id = 0; id < Old.VocabularySize; id++) model.Head.Tensor.CopyFrom(12 * id, [-20f]);
        Assert.InRange(Share("random"), 0.99, 1);
        Assert.Equal(9.0 / (Old.VocabularySize + 9), Share("pieces"), 1e-6);
        Assert.Equal(9.0 / (Old.VocabularySize + 9), Share("mean"), 1e-6);

        double Share(string initializer)
        {
            using var grown = VocabularySurgery.Grow(model, Extended, initializer);
            var share = NewTokenShare.Measure(grown, Extended.Tokenizer, [new Document("1", OldText, "old")], Extended.FirstNewId, 9);
            if (initializer != "random") Assert.Equal(-20 + Math.Log(Old.VocabularySize + 9), share.LogPartition, 1e-4);
            return share.Probability;
        }
    }

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void Old_text_costs_what_the_new_tokens_take_and_nothing_else(string name)
    {
        using var model = Create(name);
        using var grown = VocabularySurgery.Grow(model, Extended);
        var document = new Document("1", OldText, "old");
        var ids = new List<int>();
        Extended.Tokenizer.Encode(OldText, ids);
        Assert.All(ids, id => Assert.InRange(id, 0, Extended.FirstNewId - 1));
        var share = NewTokenShare.Measure(grown, Old, [document], Extended.FirstNewId, 9, places: ids.Count);
        var (before, after) = (Score(model, Old), Score(grown, Extended.Tokenizer));
        Assert.Equal(before.Tokens, after.Tokens);
        Assert.InRange(share.NatsLost, 1e-6, 10);
        Assert.Equal(before.Loss + share.NatsLost, after.Loss, 1e-4);

        TextScore Score(LanguageModel scored, Tokenizer tokenizer)
        {
            using var evaluator = new TextEvaluator(scored, tokenizer);
            return evaluator.Evaluate([document]).Total;
        }
    }

    [Fact]
    public void The_share_is_that_of_the_softmax()
    {
        using var model = Create("llama");
        using var grown = VocabularySurgery.Grow(model, Extended, "random", seed: 5);
        var ids = new List<int> { Old.BeginOfText!.Value };
        Extended.Tokenizer.Encode(OldText, ids);
        var rows = TinyModels.Logits(grown, [.. ids]).Chunk(grown.Configuration.VocabularySize).Select(row => row.Select(logit => Math.Exp(logit)).ToArray()).ToList();
        var share = NewTokenShare.Measure(grown, Old, [new Document("1", OldText, "old")], Extended.FirstNewId, 9);
        Assert.Equal(ids.Count, share.Places);
        Assert.Equal(rows.Average(row => row[Extended.FirstNewId..].Sum() / row.Sum()), share.Probability, 1e-5);
        Assert.Equal(rows.Average(row => Math.Log(row.Sum())), share.LogPartition, 1e-5);
        Assert.Equal(rows.Average(row => Math.Log(row.Sum() / row[..Extended.FirstNewId].Sum())), share.NatsLost, 1e-5);
    }

    [Fact]
    public void The_seed_decides_and_the_two_matrices_differ()
    {
        using var model = Create("llama-untied");
        using var one = VocabularySurgery.Grow(model, Extended, "random", seed: 1);
        using var same = VocabularySurgery.Grow(model, Extended, "random", seed: 1);
        using var other = VocabularySurgery.Grow(model, Extended, "random", seed: 2);
        Assert.Equal(one.Head.Tensor.ToArray(), same.Head.Tensor.ToArray());
        Assert.NotEqual(one.Head.Tensor.ToArray(), other.Head.Tensor.ToArray());
        Assert.NotEqual(one.Head.Tensor.ToArray()[^12..], one.Embedding.Tensor.ToArray()[^12..]);
    }

    [Fact]
    public void A_wrong_name_and_a_wrong_model_are_refused()
    {
        using var model = Create("gpt2");
        Assert.Contains("Did you mean 'pieces'", Assert.Throws<CoppiceException>(() => VocabularySurgery.Grow(model, Extended, "piecs")).Message, StringComparison.OrdinalIgnoreCase);
        using var small = TinyModels.Create("gpt2", _backend);
        Assert.Contains("not the model's tokenizer", Assert.Throws<CoppiceException>(() => VocabularySurgery.Grow(small, Extended)).Message);
    }
}
