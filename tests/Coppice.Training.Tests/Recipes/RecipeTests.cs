using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Recipes;

public sealed class RecipeTests
{
    [Fact]
    public void Keys_fill_the_records_and_the_rest_keeps_its_default()
    {
        var recipe = Recipe.Parse("""
            seed: 7
            model:
              layers: 2
              tie_embeddings: false
            data:
              sources:
                - name: docs
                  paths: [a.txt, "b/*.md"]
                  weight: 2.5
                - paths:
                    - c.jsonl
                  field: body
              validation: {split: tail, share: 0.1}
            training: {tokens: 1_000_000, batch_size: 10, sequence_length: 100}
            optimizer:
              learning_rate: 3e-4   # a comment
            evaluation:
              sample_prompts: ["Once upon", 1]
            """);
        Assert.Equal(7, recipe.Seed);
        Assert.Equal(2, recipe.Model.Layers);
        Assert.False(recipe.Model.TieEmbeddings);
        Assert.Equal(["a.txt", "b/*.md"], recipe.Data.Sources[0].Paths);
        Assert.Equal(2.5, recipe.Data.Sources[0].Weight);
        Assert.Equal(1.0, recipe.Data.Sources[1].Weight);
        Assert.Equal("body", recipe.Data.Sources[1].Field);
        Assert.Equal(ValidationSplit.Tail, recipe.Data.Validation.Split);
        Assert.Equal(1_000, recipe.Training.TotalSteps);
        Assert.Equal(3e-4, recipe.Optimizer.LearningRate);
        Assert.Equal(new OptimizerSection().Beta2, recipe.Optimizer.Beta2);
        Assert.Equal(["Once upon", "1"], recipe.Evaluation.SamplePrompts);
    }

    [Theory]
    [InlineData("llama", 384, 1_024, "silu", false)] // 8/3 of 384 is 1024
    [InlineData("llama", 300, 800, "silu", false)]
    [InlineData("llama", 306, 832, "silu", false)] // 816 rounded up to a multiple of 32
    [InlineData("gpt2", 384, 1_536, "gelu_tanh", true)]
    [InlineData("bert", 384, 1_536, "gelu", true)]
    [InlineData("t5", 384, 1_024, "gated_gelu", false)]
    public void What_is_left_to_the_architecture_is_resolved(string architecture, int hidden, int intermediate, string activation, bool bias)
    {
        var model = Recipe.Parse($"model: {{architecture: {architecture}, hidden_size: {hidden}, heads: 3}}\ntraining: {{steps: 1, sequence_length: 77}}").Model;
        Assert.Equal(intermediate, model.IntermediateSize);
        Assert.Equal(activation, model.Activation);
        Assert.Equal(bias, model.Bias);
        Assert.Equal(3, model.KvHeads);
        Assert.Equal(hidden / 3, model.HeadDim);
        Assert.Equal(77, model.MaxPositions);
    }

    [Theory]
    [InlineData("llama", "", "causal", 0.25)]
    [InlineData("roberta", "", "mlm", 0.25)]
    [InlineData("bert", "slm", "slm", 0.25)]
    [InlineData("electra", "", "electra", 0.25)]
    [InlineData("electra", "rts", "rts", 0.0)]
    [InlineData("t5", "", "span_corruption", 0.25)]
    public void The_objective_is_the_architectures_own_and_only_electra_needs_a_generator(string architecture, string objective, string resolved, double generatorShare)
    {
        var recipe = Recipe.Parse($"model: {{architecture: {architecture}}}\nobjective: {{name: \"{objective}\"}}\ntraining: {{steps: 1}}");
        Assert.Equal(resolved, recipe.Objective.Name);
        Assert.Equal(generatorShare, recipe.Model.GeneratorShare);
        Assert.Equal(recipe, Recipe.Parse(recipe.ToYaml()));
    }

    [Fact]
    public void Overrides_replace_add_and_are_checked_like_the_file()
    {
        var recipe = Recipe.Parse(
            "training:\n  steps: 5\nmodel:\n",
            overrides: ["training.steps=6", "training.steps=7", "model.layers=3", "seed=9", "tokenizer.path=c:/a b: #c", "data.sources=[{paths: [x.txt], weight: 2}]", "evaluation.sample_prompts=[]", "data.text_field=\"\""]);
        Assert.Equal(7, recipe.Training.Steps);
        Assert.Equal(3, recipe.Model.Layers);
        Assert.Equal(9, recipe.Seed);
        Assert.Equal("c:/a b: #c", recipe.Tokenizer.Path);
        Assert.Equal("x.txt", recipe.Data.Sources[0].Paths[0]);
        Assert.Empty(recipe.Evaluation.SamplePrompts);
        Assert.Equal("", recipe.Data.TextField);
    }

    [Fact]
    public void The_written_recipe_loads_again_to_an_equal_one()
    {
        var recipe = Recipe.Parse("training: {steps: 10}") with
        {
            Seed = long.MinValue,
            Tokenizer = new TokenizerSection { Path = "yes: no # \"quoted\"\\ \t" },
            Data = new DataSection
            {
                Sources =
                [
                    new SourceSection { Name = "größe 😀\u0001\u0085\u2028\uFEFF\r\n", Paths = ["true", "null", "1e5", "- x", "", " ", "'", "a\nb", "~", ".inf", "0x10", "é"], Weight = 1.0 / 3 },
                    new SourceSection { Paths = ["[x]", "{y}", "*.md", "&a", "!b", "%c", "@d", "`e", "| f", "> g", "? h", "key: value", "# i", "\\"], Weight = 1e-300 },
                ],
                Validation = new ValidationSection { Split = ValidationSplit.None, Share = 0.1 },
            },
            Optimizer = new OptimizerSection { LearningRate = 1e-5, Epsilon = double.Epsilon },
            Evaluation = new EvaluationSection { SamplePrompts = [] },
        };
        var yaml = recipe.ToYaml();
        Assert.Equal(recipe, Recipe.Parse(yaml));
        Assert.Equal(yaml, Recipe.Parse(yaml).ToYaml());
    }

    [Fact]
    public void Every_recipe_of_the_repository_loads_and_its_resolved_form_loads_to_the_same()
    {
        var paths = Directory.GetFiles(Path.Combine(SharedData.RepositoryRoot, "recipes"), "*.yaml");
        Assert.NotEmpty(paths);
        foreach (var path in paths)
        {
            var recipe = Recipe.Load(path);
            Assert.Equal(recipe, Recipe.Parse(recipe.ToYaml()));
        }
    }

    [Fact]
    public void The_character_recipe_is_nanoGPTs()
    {
        var recipe = Recipe.Load(Path.Combine(SharedData.RepositoryRoot, "recipes", "shakespeare-char.yaml"));
        Assert.Equal((4, 4, 128, false), (recipe.Model.Layers, recipe.Model.Heads, recipe.Model.HiddenSize, recipe.Model.Bias));
        Assert.Equal((2_000, 12, 64), (recipe.Training.Steps, recipe.Training.BatchSize, recipe.Training.SequenceLength));
        Assert.Equal((1e-3, 0.9, 0.99, 0.1, 1.0), (recipe.Optimizer.LearningRate, recipe.Optimizer.Beta1, recipe.Optimizer.Beta2, recipe.Optimizer.WeightDecay, recipe.Optimizer.ClipNorm));
        Assert.Equal(1e-4, recipe.CreateSchedule().LearningRate(2_000, 0), 1e-18);
        Assert.Equal(1e-3, recipe.CreateSchedule().LearningRate(100, 0), 1e-18);
    }

    [Fact]
    public void A_recipe_made_in_code_is_checked_by_Validate()
    {
        new Recipe { Training = new TrainingSection { Steps = 1 } }.Validate();
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new Recipe().Validate()).ExitCode);
    }

    [Fact]
    public void Lists_in_records_compare_by_value()
    {
        Assert.Equal(new SourceSection { Paths = ["a", "b"] }, new SourceSection { Paths = ["a", "b"] });
        Assert.NotEqual(new SourceSection { Paths = ["a", "b"] }, new SourceSection { Paths = ["b", "a"] });
        Assert.Equal(new SourceSection { Paths = ["a"] }.GetHashCode(), new SourceSection { Paths = ["a"] }.GetHashCode());
    }
}
