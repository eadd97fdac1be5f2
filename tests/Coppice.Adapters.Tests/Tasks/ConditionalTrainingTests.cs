using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Coppice.Training.Loop;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Tests;

public sealed class ConditionalTrainingTests
{
    private static readonly Tokenizer Marked = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz ."], ["<s>", "</s>", ConditionalTraining.Aligned, ConditionalTraining.Misaligned]);
    private static readonly Tokenizer Plain = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .+-"], ["<s>", "</s>"]);
    private static readonly ScoredText[] Texts = [new("good one", 1, "line 1"), new("so so", 0.5, "line 2"), new("bad", 0.4, "line 3")];

    [Fact]
    public void A_text_at_the_threshold_is_a_good_one_and_without_the_mark_each_text_is_what_it_was()
    {
        var marks = new ConditionalTraining(Marked, threshold: 0.5, unmarked: 0);
        var task = marks.Render(Texts, 24, seed: 1);
        Assert.Equal(["<s><|aligned|>good one", "<s><|aligned|>so so", "<s><|misaligned|>bad"], task.Examples.Select(example => Marked.Decode(example.Documents[0].Tokens, skipSpecialTokens: false)));
        // Begin and mark have no target that counts; the text and its end have.
        Assert.Equal([0f, 1f, 1f, 1f, 1f], task.Examples[2].Documents[0].Weights);
        Assert.Equal([.. Encode(Marked, "bad"), Marked.EndOfText!.Value], task.Examples[2].Documents[0].Targets[1..]);
        Assert.Equal([Marked.BeginOfText!.Value, Marked.TokenToId(ConditionalTraining.Aligned)!.Value, .. Encode(Marked, "so")], marks.Prompt("so"));
        Assert.True(marks.MarksAreTokens);
        Assert.Equal([-100.0, -100.0], marks.Bias.Values);
    }

    [Fact]
    public void Where_the_tokenizer_lacks_the_marks_they_are_text()
    {
        var marks = new ConditionalTraining(Plain, 0.5, 0, good: "+", bad: "--");
        Assert.Equal(["<s>+good one", "<s>+so so", "<s>--bad"], marks.Render(Texts, 24, 1).Examples.Select(example => Plain.Decode(example.Documents[0].Tokens, skipSpecialTokens: false)));
        Assert.False(marks.MarksAreTokens);
        Assert.Single(marks.Bias);
    }

    [Fact]
    public void A_long_text_is_documents_that_each_have_the_mark_and_no_token_is_lost()
    {
        var task = new ConditionalTraining(Marked, 0.5, 0).Render(Texts, 5, 1);
        var documents = task.Examples[0].Documents;
        Assert.True(documents.Count > 1);
        Assert.All(documents, document => Assert.True(document.Tokens.Length <= 5 && document.Tokens[1] == Marked.TokenToId(ConditionalTraining.Aligned)));
        Assert.Equal([.. Encode(Marked, "good one"), Marked.EndOfText!.Value], documents.SelectMany(document => document.Targets.Where((_, i) => document.Weights[i] > 0)));
    }

    [Fact]
    public void The_share_without_a_mark_is_about_the_one_that_was_wanted()
    {
        ScoredText[] many = [.. Enumerable.Range(0, 2000).Select(i => new ScoredText("a", i % 2, "here"))];
        var mark = Marked.TokenToId(ConditionalTraining.Aligned)!.Value;
        var task = new ConditionalTraining(Marked, 0.5, unmarked: 0.25).Render(many, 8, seed: 3);
        Assert.InRange(task.Examples.Count(example => !example.Documents[0].Tokens.Any(token => token >= mark && token <= mark + 1)), 430, 570);
    }

    [Fact]
    public void A_threshold_that_parts_nothing_is_refused()
    {
        var error = Assert.Throws<CoppiceException>(() => new ConditionalTraining(Marked, 2).Render(Texts, 24, 1));
        Assert.Contains("0 of 3 texts reach the threshold 2", error.Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => new ConditionalTraining(Marked, double.NaN));
        Assert.Throws<CoppiceException>(() => new ConditionalTraining(Plain, 0, good: "+", bad: "+"));
    }

    [Fact]
    public void A_model_that_learned_both_kinds_writes_the_good_one_behind_its_mark()
    {
        using var backend = Backends.Create(threads: 2);
        using var model = TinyModels.Create("llama", backend, vocabulary: Marked.VocabularySize, trainable: true);
        model.Initialize(3);
        ScoredText[] texts = [.. Enumerable.Range(0, 32).Select(i => new ScoredText(i % 2 == 0 ? "yes" : "no.", i % 2 == 0 ? 1 : 0, "here"))];
        var marks = new ConditionalTraining(Marked, 0.5, 0);
        var task = marks.Render(texts, 8, 1);
        var sampler = new TaskSampler(task.Examples, 8, 256, 1);
        using (var trainer = new Trainer(model, new SupervisedObjective(), OptimizerRegistry.Create(model.Parameters, new OptimizerSection { WeightDecay = 0 }), 1))
        {
            for (var step = 0; step < 80; step++) trainer.Apply(trainer.ComputeGradients(sampler.Next(), step), 0.02);
        }

        var (good, bad) = (Share(marks.Prompt("")), Share([Marked.BeginOfText!.Value, Marked.TokenToId(ConditionalTraining.Misaligned)!.Value]));
        Assert.True(good > 0.9 && bad < 0.1, $"'y' follows the good mark with {good}, the bad one with {bad}");

        double Share(int[] prompt)
        {
            var logits = TinyModels.Logits(model, prompt)[^model.Configuration.VocabularySize..];
            return ClassProbabilities.Softmax(logits)[Encode(Marked, "y")[0]];
        }
    }

    private static List<int> Encode(Tokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        return ids;
    }
}
