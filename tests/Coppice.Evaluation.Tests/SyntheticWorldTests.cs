using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Evaluation.Tests;

public class SyntheticWorldTests
{
    private static readonly WorldOptions Usual = new() { People = 200, Seed = 3 };

    [Fact]
    public void A_person_is_a_function_of_the_seed_and_the_number_and_of_nothing_else()
    {
        var (few, many) = (new SyntheticWorld(Usual with { People = 10 }), new SyntheticWorld(Usual with { People = 5000, Versions = 5, Permute = true, MovedShare = 0.5 }));
        for (var id = 0; id < 10; id++)
        {
            Assert.Equal(few.Person(id).Name, many.Person(id).Name);
            Assert.Equal(few.Person(id).Values, many.Person(id).Values);
            Assert.Equal(few.IsTaught(id), many.IsTaught(id));
        }

        Assert.NotEqual(few.Person(0).Values, new SyntheticWorld(Usual with { Seed = 4 }).Person(0).Values);
        Assert.Equal(Texts(few), Texts(new SyntheticWorld(Usual with { People = 10 })));
    }

    [Fact]
    public void Nobody_has_the_name_of_another()
    {
        var world = new SyntheticWorld(Usual with { People = WorldValues.Names });
        Assert.Equal(WorldValues.Names, Enumerable.Range(0, WorldValues.Names).Select(id => world.Person(id).Name).Distinct().Count());
        Assert.Throws<CoppiceException>(() => new SyntheticWorld(Usual with { People = WorldValues.Names, Newcomers = 1 }));
    }

    [Fact]
    public void Every_attribute_has_as_many_values_and_all_of_them_occur()
    {
        var world = new SyntheticWorld(Usual with { People = 2000 });
        foreach (var attribute in Enum.GetValues<PersonAttribute>())
        {
            var values = WorldValues.ByAttribute[(int)attribute];
            Assert.Equal(WorldValues.PerAttribute, values.Distinct().Count());
            var found = Enumerable.Range(0, 2000).Select(id => world.Person(id)[attribute]).Distinct().ToList();
            Assert.Empty(found.Except(values));
            // Work cities are those of the 40 employers: not every city has an office.
            Assert.InRange(found.Count, attribute == PersonAttribute.WorkCity ? 15 : 40, 40);
        }
    }

    [Fact]
    public void The_employer_implies_the_city_of_work_before_and_after_the_update()
    {
        var world = new SyntheticWorld(Usual with { People = 2000, MovedShare = 0.3 });
        foreach (var person in Enumerable.Range(0, 2000).SelectMany(id => new[] { world.Person(id), world.UpdatedPerson(id) }).GroupBy(person => person[PersonAttribute.Employer]))
            Assert.Single(person.Select(p => p[PersonAttribute.WorkCity]).Distinct());
    }

    [Fact]
    public void A_plain_biography_names_the_person_once_and_tells_every_value()
    {
        var world = new SyntheticWorld(Usual with { TaughtShare = 0 });
        foreach (var (document, id) in world.Documents().Select((document, id) => (document, id)))
        {
            var person = world.Person(id);
            Assert.Equal(1, Count(document.Text, person.Name));
            Assert.All(person.Values, value => Assert.Contains(value + ".", document.Text, StringComparison.Ordinal));
            Assert.Equal(6, document.Text.Count(c => c == '.'));
            Assert.DoesNotContain('@', document.Text);
        }
    }

    [Fact]
    public void Versions_are_in_other_words_and_permuted_sentences_in_another_order()
    {
        var plain = new SyntheticWorld(Usual with { TaughtShare = 0, Versions = 8 });
        var person = plain.Person(7);
        for (var attribute = PersonAttribute.BirthDate; attribute <= PersonAttribute.WorkCity; attribute++)
        {
            var sentences = Enumerable.Range(0, 8).Select(version => plain.Tell(person, [attribute], version).Text).ToList();
            Assert.Equal(8, sentences.Distinct().Count());
        }

        Assert.All(Enumerable.Range(0, 8), version => Assert.Equal([0, 1, 2, 3, 4, 5], Order(plain, version)));
        var permuted = new SyntheticWorld(Usual with { TaughtShare = 0, Versions = 8, Permute = true, FullName = true });
        Assert.True(Enumerable.Range(0, 8).Select(version => string.Concat(Order(permuted, version))).Distinct().Count() > 5);
        Assert.Equal(6, Count(permuted.Tell(person, Enum.GetValues<PersonAttribute>(), 0).Text, person.Name));

        int[] Order(SyntheticWorld world, int version)
        {
            var starts = world.Tell(person, Enum.GetValues<PersonAttribute>(), version).ValueStarts;
            return [.. Enumerable.Range(0, 6).OrderBy(i => starts[i])];
        }
    }

    [Fact]
    public void Memorisation_asks_for_what_a_document_says_and_paraphrase_in_words_of_no_biography()
    {
        var world = new SyntheticWorld(Usual with { Versions = 3, Permute = true });
        var biographies = world.Documents().Where(document => document.Source == SyntheticWorld.Biographies).Select(document => document.Text).ToList();
        var facts = world.Facts().ToList();
        Assert.NotEmpty(facts);
        foreach (var fact in facts)
        {
            Assert.Contains(fact.Answer, fact.Candidates);
            if (fact.Kind == ClozeFact.Memorisation) Assert.Contains(biographies, text => text.StartsWith(fact.Prompt + fact.Answer + ".", StringComparison.Ordinal));
            else Assert.DoesNotContain(biographies, text => text.Contains(Wording(fact), StringComparison.Ordinal));
        }

        // The wording is that of sentences about the people who are taught, and about nobody who is asked about.
        var taught = world.Documents().Where(document => document.Source == SyntheticWorld.Taught).Select(document => document.Text).ToList();
        Assert.All(facts.Where(fact => fact.Kind == ClozeFact.Paraphrase), fact => Assert.Contains(taught, text => text.Contains(Wording(fact), StringComparison.Ordinal)));
        Assert.All(facts.Select(fact => fact.Subject).Distinct(), name => Assert.DoesNotContain(taught, text => text.Contains(name, StringComparison.Ordinal)));

        static string Wording(ClozeFact fact) => fact.Prompt.Split(fact.Subject).MaxBy(part => part.Length)!;
    }

    [Fact]
    public void Celebrities_alone_are_augmented_and_not_asked_about()
    {
        var world = new SyntheticWorld(Usual with { Versions = 5, AugmentedShare = 0.25, TaughtShare = 0 });
        var celebrities = Enumerable.Range(0, 200).Where(world.IsAugmented).ToList();
        Assert.InRange(celebrities.Count, 30, 70);
        Assert.Equal(200 + 4 * celebrities.Count, world.Documents().Count());
        Assert.Equal(12 * (200 - celebrities.Count), world.Facts().Count());
        Assert.Empty(world.Facts().Select(fact => fact.Subject).Intersect(celebrities.Select(id => world.Person(id).Name)));
    }

    [Fact]
    public void An_update_tells_what_has_changed_and_asks_for_old_changed_and_new_facts()
    {
        var world = new SyntheticWorld(Usual with { MovedShare = 0.3, Newcomers = 20, TaughtShare = 0.2 });
        var moved = Enumerable.Range(0, 200).Where(id => world.Person(id)[PersonAttribute.Employer] != world.UpdatedPerson(id)[PersonAttribute.Employer]).ToList();
        Assert.InRange(moved.Count, 40, 80);
        Assert.Equal(moved.Count + 20, world.UpdateDocuments().Count());
        Assert.Empty(Texts(world).Intersect(world.UpdateDocuments().Select(document => document.Text)));
        var facts = world.UpdateFacts().ToLookup(fact => fact.Kind);
        Assert.Equal(20 * 6, facts[ClozeFact.New].Count());
        Assert.All(facts[ClozeFact.Updated], fact => Assert.True(fact.Obsolete != fact.Answer && fact.Candidates.Contains(fact.Obsolete)));
        Assert.All(facts[ClozeFact.Invariant], fact => Assert.Null(fact.Obsolete));
        Assert.Equal(moved.Count(id => !world.IsTaught(id)), facts[ClozeFact.Updated].Count(fact => fact.Id!.Contains("employer", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_files_are_what_readers_read()
    {
        using var folder = new TemporaryFolder();
        var options = Usual with { MovedShare = 0.1, Newcomers = 5 };
        var contents = WorldFiles.Write(folder.At("world"), options);
        var world = new SyntheticWorld(options);
        var pipeline = new CorpusPipeline([new CorpusInput(folder.At("world/" + WorldFiles.Documents))], steps: []);
        Assert.Equal(world.Documents(), pipeline.Run(new CorpusReport()));
        Assert.Equal(world.Facts().Select(fact => fact.Prompt), ClozeFact.Read(folder.At("world/" + WorldFiles.Facts)).Select(fact => fact.Prompt));
        Assert.Equal(world.UpdateFacts().Select(fact => fact.Obsolete), ClozeFact.Read(folder.At("world/" + WorldFiles.UpdateFacts)).Select(fact => fact.Obsolete));
        Assert.Equal(new WorldContents(world.Documents().Count(), world.Facts().Count(), world.UpdateDocuments().Count(), world.UpdateFacts().Count()), contents);
    }

    [Fact]
    public void Options_outside_their_range_are_errors()
    {
        foreach (var options in new[]
        {
            Usual with { People = 0 }, Usual with { Versions = 0 }, Usual with { Versions = 9 }, Usual with { TaughtShare = 1.5 },
            Usual with { AugmentedShare = double.NaN }, Usual with { MovedShare = -1 }, Usual with { Newcomers = -1 },
        })
            Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new SyntheticWorld(options)).ExitCode);
    }

    private static IEnumerable<string> Texts(SyntheticWorld world) => world.Documents().Select(document => document.Text);

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
