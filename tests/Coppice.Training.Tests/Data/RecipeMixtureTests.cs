using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Training.Data;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Data;

public sealed class RecipeMixtureTests : IDisposable
{
    private const string Yaml = """
        seed: 3
        model: { architecture: gpt2, layers: 1, heads: 2, hidden_size: 16 }
        tokenizer: { type: byte_bpe, vocabulary_size: 300 }
        training: { steps: 30, batch_size: 4, sequence_length: 16, checkpoint_every: 4, log_every: 1 }
        optimizer: { learning_rate: 0.01 }
        schedule: { name: cosine, warmup_steps: 4, final_learning_rate: 0.001 }
        evaluation: { sample_prompts: [] }
        data:
          validation: { split: none }
          mixture:
            temperature: 2
            max_epochs: 3
            stages:
              - from: 0.5
                weights: [{ source: sums, weight: 3 }]
          sources:
            - { name: words, paths: [words.txt], weight: 2, max_epochs: 50 }
            - { name: sums, paths: [sums.txt] }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_recipe_with_a_mixture_is_written_and_read_again_to_the_same()
    {
        var recipe = Recipe.Parse(Yaml);
        Assert.Equal(recipe, Recipe.Parse(recipe.ToYaml()));
        Assert.Equal(3, recipe.Data.Mixture.Stages[0].Weights[0].Weight);
    }

    [Fact]
    public void The_plan_follows_weights_sizes_limits_and_stages()
    {
        var plan = RecipeMixture.Plan(Recipe.Parse(Yaml), [1601, 6401]);
        // Shares 2·√1601 to √6401, nearly equal, then 2·√1601 to 3·√6401.
        Assert.Equal([0L, 60L], plan.Stages.Select(stage => stage.From));
        Assert.Equal([30, 30], plan.Stages[0].Sequences.Select(value => Math.Round(value, 1)));
        Assert.Equal([15, 45], plan.Stages[1].Sequences.Select(value => Math.Round(value, 1)));
        var small = RecipeMixture.Plan(Recipe.Parse(Yaml, overrides: ["training.steps=100"]), [16001, 161]);
        Assert.Equal(3, small.Stages.Sum(stage => small.Epochs(stage, 1)), 1e-9);
        Assert.Throws<CoppiceException>(() => RecipeMixture.Plan(Recipe.Parse(Yaml), [17, 17]));
    }

    [Fact]
    public void Without_a_word_on_the_mixture_it_is_the_fixed_one()
    {
        Assert.True(RecipeMixture.IsFixed(new DataSection { Sources = [new SourceSection { Weight = 3 }] }));
        Assert.False(RecipeMixture.IsFixed(new DataSection { Sources = [new SourceSection { MaxTokens = 3 }] }));
        Assert.False(RecipeMixture.IsFixed(Recipe.Parse(Yaml).Data));
    }

    [Theory]
    [InlineData("source: sums", "source: sumz", "did you mean 'sums'")]
    [InlineData("from: 0.5", "from: 1", "less than 1")]
    [InlineData("{ source: sums, weight: 3 }", "{ source: sums, weight: 0 }, { source: words, weight: 0 }", "leaves no source")]
    [InlineData("{ source: sums, weight: 3 }", "{ source: sums }, { source: sums }", "two weights")]
    [InlineData("temperature: 2", "temperatur: 2", "temperature")]
    public void What_is_wrong_with_a_mixture_is_told(string before, string after, string message)
    {
        var error = Assert.Throws<CoppiceException>(() => Recipe.Parse(Yaml.Replace(before, after, StringComparison.Ordinal)));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(message, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_run_under_a_staged_mixture_that_is_interrupted_ends_with_the_same_bytes()
    {
        var whole = Execute("whole", null);
        foreach (var stopAfter in new long[] { 3, 14, 15, 22 }) Assert.True(Execute("parts", stopAfter).Interrupted);
        var rest = Execute("parts", null);
        Assert.False(rest.Interrupted);
        Assert.Equal(Checksum.OfFile(Path.Combine(whole.Model, "model.safetensors")), Checksum.OfFile(Path.Combine(rest.Model, "model.safetensors")));
        Assert.Equal(whole.TrainLoss, rest.TrainLoss);
        // Not the run of the weights alone.
        var plain = TestRecipe() with { Data = TestRecipe().Data with { Mixture = new MixtureSection(), Sources = [.. TestRecipe().Data.Sources.Select(source => source with { MaxEpochs = 0 })] } };
        Assert.NotEqual(whole.TrainLoss, new PretrainRun(new PretrainRequest { Recipe = plain, RunDirectory = _folder.At("plain") }).Execute(CancellationToken.None).TrainLoss);
    }

    private PretrainResult Execute(string run, long? stopAfter)
    {
        using var cancellation = new CancellationTokenSource();
        var request = new PretrainRequest { Recipe = TestRecipe(), RunDirectory = _folder.At(run), Resume = true };
        return new PretrainRun(request, [new Stopper(stopAfter, cancellation)]).Execute(cancellation.Token);
    }

    private Recipe TestRecipe()
    {
        var words = _folder.Write("words.txt", string.Join('\n', Enumerable.Range(0, 60).Select(i => $"word {i % 7} and word {i % 5} of {i}")));
        var sums = _folder.Write("sums.txt", string.Join('\n', Enumerable.Range(0, 300).Select(i => $"{i} and {i} is {i + i}.")));
        var recipe = Recipe.Parse(Yaml);
        return recipe with { Data = recipe.Data with { Sources = [recipe.Data.Sources[0] with { Paths = [words] }, recipe.Data.Sources[1] with { Paths = [sums] }] } };
    }

    private sealed class Stopper(long? after, CancellationTokenSource cancellation) : IRunObserver
    {
        public void Observe(RunEvent happened)
        {
            if (happened is StepMetrics && happened.Step == after) cancellation.Cancel();
        }
    }
}
