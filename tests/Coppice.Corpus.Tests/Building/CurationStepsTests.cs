using Coppice.Corpus.Building;
using Coppice.Foundation;

namespace Coppice.Corpus.Tests.Building;

public class CurationStepsTests
{
    public static TheoryData<string> Presets => [.. CurationPresets.All.Select(preset => preset.Name)];

    [Fact]
    public void Every_step_has_a_name_of_its_own_and_can_be_described()
    {
        Assert.Equal(CurationSteps.All.Count, CurationSteps.All.DistinctBy(step => step.Name).Count());
        Assert.All(CurationSteps.All, step => Assert.Equal(step.Name, step.Describe().Name));
    }

    [Theory]
    [InlineData("decontaminate", "arXiv:2005.14165")]
    [InlineData("dsir", "arXiv:2302.03169")]
    [InlineData("fineweb-2", "arXiv:2506.20920")]
    [InlineData("minhash", "doi:10.1109/SEQUEN.1997.666900")]
    public void A_step_names_its_papers_also_where_it_can_not_be_made_without_a_file(string step, string paper) =>
        Assert.Contains(paper, CurationSteps.Get(step, "here").Describe().Techniques.Select(technique => technique.Paper));

    [Theory]
    [MemberData(nameof(Presets))]
    public void Every_preset_can_be_made(string name)
    {
        var recipe = CurationPresets.Get(name);
        Assert.Equal(CurationPresets.All.Single(preset => preset.Name == name).Steps.Select(step => step.Name), recipe.Steps.Select(step => step.Name));
    }

    [Fact]
    public void A_name_that_is_not_known_gets_a_hint()
    {
        Assert.Contains("did you mean 'fineweb'", Assert.Throws<CoppiceException>(() => CurationPresets.Get("finewb")).Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'gopher-quality'", Assert.Throws<CoppiceException>(() => CurationSteps.Get("gopher-qualty", "here")).Message, StringComparison.Ordinal);
    }
}
