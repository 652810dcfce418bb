"""Words that texts use most: how many of them there are tells what kind of text it is.

The English ones were found in the sources and documents of free software, 2026-11, among whole
words that one token holds: the frequent ones in every tokenizer of Claude, the usual ones in that
before 4.7. The others are the small words of other languages that write Latin letters.
"""

KNOWN = {
    "frequent": """
        the to in is of if and https for this self com src github return const with not be that or
        by it as file from name are you on can def an use type value org test int when new line
        function python define set get version code path will list else all used data error string
        object class default at which key have package using only other files import io text first
        command we options but number has item your no one http node then was char support void
        module length context let true report args may os option try size read source add message
        output do main result html any current see install also library more make so after check
        some window like start format should target found must end build time example method write
        user str require case into run index following request out var does same www input values
        need status types call base project img than null next except print system work false before
        len match info release image include git them without there up en been last given client py
        where init want non re character core config help available while map static open find
        response header api search such their its these under level now create log just root way
        local script process about names func don async max append two body point json each share
        through change called join model range already push address position they items made close
        program width png section win required what always count field information long head above
        md part url export param he err master table val server details below different both group
        block content most development could full event id because how update state well over back
        even would break link action split done here either results email right style being th color
        left since href single features array page added token description load please license
        application order res top env another off included global member title us document special
        language my built free between something still running based every property location column
        public look br access known those save form space many too old times our works means second
        register via common console database host term original including created least show
        security num software send own align later float job st year were double models might
        written session de port during real around word co never date params things users move
        center named within once op author really until site much put query go know able template
        display net control few store three won older network col note short events min label row
        started select child man place util me very override private present web less total various
        random month history take account download active home per due external building did day
        against future del service several got children side better element down references small
        again large working good major related step members password words app low others had db
        final post give general week making none points third force li important though front high
        world best think record height links described big round background along further received
        away released often published black however why view es components req people math little
        going who party according having login task days half become far device four native says
        white le area together red places component union success family box square past region
        green six power track say across early team container render design official care et em
        series race months se express management come years although person course css star said
        records located life live five established media si border la act came states el un former
        period
    """,
    "usual": """
        pull mode extra buffer raise argument lines directory sqlite pointer encoding throw docs
        entry functions opts bytes documentation spec runtime packages exception instead undefined
        defined stream cache keys filename latest proto compiler stack pattern changes empty dict
        closes offset supported variable complete ignore versions badge tests arguments sort
        possible doesn schema issues bugs parser terminal standard returns characters errors gmail
        syntax prefix optional interface instance exceptions tree flags commands implementation copy
        uses zero specified signature pass headers frame handle modules replace extensions channel
        environment catch installed unsigned callback returned missing feature flag expression
        screen libraries parse diff typing messages struct configure attribute blob sign byte tuple
        coverage tools strings platform integer upstream configuration parts memory reference
        actions specific compiled contains methods socket parameter defaults generated binary patch
        delete logger variables closed testing strict follow continue linux releases snapshot indent
        encode invalid fields reports tokens timeout entries branch connection provided compile
        provides remove assert cannot unix handling proxy constructor stable systems useful allow
        operator removed reporting normal objects fails instructions exit shell hash filter previous
        policy enable warning allowed requests provide internal bool distribution valid expected
        signal needed warnings lists limit examples resolve parent scripts handler exists matches
        extension mapping usage validation protocol includes decode tool compare stat cause simple
        thread bits behavior implemented applications performance sequence emit alias parameters
        locale restrict completion deprecated protection passed queue matching manual regexp brief
        sizeof directly classes similar writing avoid fixed stop dump calling changed containing
        reason correct registry regular longer enum wrong multiple setting origin auto whether
        validate fetch issue namespace otherwise debug archive attr stdout edge settings allows
        patterns yield separate passing paths metadata requires fail dependencies prompt failed
        inline relative attributes equal echo problem existing automatically windows argv logging
        cases absolute marked supports insert disable symbol rules numbers compatible installation
        batch convert operation groups lock assign inside anything exact decimal remote trace
        summary calls kind engine negative currently yaml clear agent updated stderr resolved itself
        certain apply verify skip modify enabled connections nothing contained sure keyword exist
        custom logo regex contents properly blank commit properties chars reset reduce directories
        distributed reported tail tell certificate rest constants turn didn triggers generic ignored
        actually alternatives nodes rather signed responses recent digits additional experimental
        starts jump browser mark comp dictionary mail takes comments compilation generate comment
        bash dest lookup statement specify adding problems environ compatibility generation loop
        safe setup keep auth conversion causes fake outside pages symbols partial raised starting
        actual produces unless parsing restore fill reading warn depth trying parsed necessary scope
        boolean certificates contain licenses timer domain vector prev repository alpha generator
        specification makes iter dependency seen failure spaces replaced gives installing explicitly
        escape recursive trailing uint lower execution readline factory rule inspect graph conf
        definition callbacks resp meta therefore tags terms fast flush finally executable exec
        faster lambda abort configured implementations columns machine doing usually stdio optimize
        caught choice checking functionality hostname expect sorted glob pending switch sync virtual
        collection probably tracking enter structure occurs newer identity accept converted thing
        shared pipe seconds checks updates thrown stdin algorithm multi haven equivalent protected
        forward appropriate shift strip modified colors compression complex hook immediately needs
        taken executed sets portable charset produce incomplete unknown bound nested backup stored
        behaviour adds manager wrapper dynamic suffix stats connect execute loaded deleted wait pack
        typed conditions programs slots hard whole readable logic magic correctly positive purpose
        associated remain wrap endpoints cached fine minimal ones lang earlier whatever hello
        designed translate mechanism speed extended pool anyway duplicate disabled enough creating
        sample mask scan iterator subject initial unused maximum wasn shows corresponding displayed
        formatter bind handled especially elements sent notes definitions obtained tried encoded
        maybe authentication pathname literal quotes depends wide considered condition fixes vars
        explicit heap leading unicode instances profile exactly wiki architecture formatting
        precision operations unique supplied desc loading cleanup debugging follows pair inner
        sequences selection clone temp detect initialized extend pure aliases notice tested quote
        simply beginning scheme accessor threads effect caller separator levels streams editor
        remaining representation expand decoder tables chain extract followed structures compress
        clean ensure detail medium implement getting ways sources codes likely formats selected runs
        errno stuff maintained indicates contributors underlying compressed crash numeric moved
        basic unit cast languages produced arbitrary easy
    """,
    "western": """
        der die und den das dem des ein eine einer einem einen nicht mit von zu auf sich ist auch
        oder wie bei wenn nach hat haben wird sein sind werden ich du wir kann les une est dans qui
        pour pas sur par au aux ce sa ses ou avec plus leur cette sont vous je tu que los las por
        con para una su lo como y o todo tiene sus ser pero este esta da dos um uma na ao pelo sua
        seu isso mais muito il di che gli della dei sono ha nel dell alla delle ogni questo anche
        het een van te voor zijn aan dat niet er ook heeft wordt ieder geen maar
    """,
    "other": """
        jest nie przez oraz lub ma jego jako ka ale czy tego jak dla po od ve bir bu ile olarak her
        olan mi ne ama gibi daha sonra yang dan dengan untuk dalam atau tidak setiap orang dari ini
        itu pada adalah bahwa akan bisa nebo podle jeho jsou pro tak ze och att som det inte har til
        ikke av og ja ei
    """,
}
