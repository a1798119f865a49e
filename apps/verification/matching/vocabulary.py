"""Words that say little or the same: titles, particles, legal forms, generic words, given names and their short forms."""

import re
from collections import defaultdict
from collections.abc import Mapping

TITLES = frozenset(
    "mr mrs ms miss dr prof professor sir dame lord lady rev reverend hon honorable honourable capt captain col colonel"
    " gen general lt lieutenant maj major sgt president minister senator sen gov governor hajj hajji haji sheikh shaykh"
    " sheik shaikh mullah maulana mawlawi maulvi imam ayatollah sayyid sayed herr frau monsieur madame mme don dona"
    " hrh prince princess king queen mag ing phd md esq eng engineer ustad qari hafiz qazi seyed alhaj malam".split()
)
PARTICLES = frozenset(
    "de da do dos das del della di du des la le los las van von der den ter ten zu zum zur af av al el ul ud bin ben ibn"
    " bint abd abu umm y e und and the e ad ar as ash az ould mac mc o d l san st".split()
) - {"abd", "abu", "umm", "mac", "mc", "san", "st"}
GENERATIONS = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "2", "iii": "3", "iv": "4", "fils": "jr", "pere": "sr",
}  # fmt: skip
STOPWORDS = frozenset("the of and for in de la le du des und et y e di del der die das a an i o s by at to on".split())

_FORMS = """
ltd: ltd limited ltda limitada ltee limitee lda sarl srl sprl gmbh mbh ooo tov llc lc bv bvba eood doo zoo spzoo kft sro uab sia oü ou aps too mchj pvt private pte pty sdn pt eirl sas unipessoal
plc: plc ag sa spa nv ab asa oyj oy as aktiengesellschaft pjsc ojsc jsc pao oao zao ao pao cjsc aktsionernoe ad dd bhd tbk se kk kabushiki kgaa corp corporation inc incorporated saoc sae psc pjs saog
lp: llp lp kg ohg snc sca cv scs lllp gbr kommanditgesellschaft
co: co company compania compagnie cie kompaniya cia
found: foundation stiftung stichting fondation fundacion fundacja fond fonden
assoc: ev association verein asociacion
state: fgup gup mup
"""
LEGAL_FORMS: Mapping[str, str] = {
    word: form
    for line in _FORMS.strip().splitlines()
    for form, _, words in [line.partition(":")]
    for word in words.split()
}
# Written in several words or with dots; made one word before the name is taken apart.
_SHORT_FORMS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bfederal state unitary enterprise\b", " fgup "),
        (r"\bgufen youxian gongsi\b", " plc "),
        (r"\byouxian (?:zeren )?gongsi\b", " ltd "),
        (r"\bpublic (?:joint )?stock company\b|\bopen joint[ -]stock company\b|\bjoint[ -]stock company\b", " jsc "),
        (r"\bclosed joint[ -]stock company\b", " cjsc "),
        (r"\bpublic limited company\b|\bpublic company limited\b", " plc "),
        (r"\blimited liability (?:company|partnership)\b", " llc "),
        (r"\bsociedad anonima(?: de capital variable)?\b|\bsociete anonyme\b|\bsociedade anonima\b", " sa "),
        (r"\bsociedad de responsabilidad limitada\b|\bsociedad limitada\b", " srl "),
        (r"\bsociete a responsabilite limitee\b", " sarl "),
        (r"\bgesellschaft mit beschrankter haftung\b|\bges\.? ?m\.? ?b\.? ?h\b", " gmbh "),
        (r"\bobshchestvo s ogranichennoi?[jy]? otvetstvennost\w*", " ooo "),
        (r"\b(?:publichnoe |otkrytoe |zakrytoe )?aktsionernoe obshchestvo\b", " ao "),
        (r"\bnaamloze vennootschap\b", " nv "),
        (r"\bbesloten vennootschap\b", " bv "),
        (r"\bsp\.? ?z ?\.?o\.? ?o\b", " spzoo "),
        (r"\bs\.? ?a\.? de c\.? ?v\b", " sa "),
        (r"\bs\.? ?r\.? ?l\b", " srl "),
        (r"\bs\.? ?p\.? ?a\b", " spa "),
        (r"\bl\.? ?l\.? ?c\b", " llc "),
        (r"\bl\.? ?l\.? ?p\b", " llp "),
        (r"\bp\.? ?l\.? ?c\b", " plc "),
        (r"\bs\.a\.?(?=\W|$)", " sa "),
        (r"\bb\.v\.?(?=\W|$)", " bv "),
        (r"\bn\.v\.?(?=\W|$)", " nv "),
        (r"\ba\.g\.?(?=\W|$)", " ag "),
        (r"\bd\.?o\.?o\b", " doo "),
        (r"\bo\.?o\.?o\b", " ooo "),
        (r"\bm/?v\b|\bm/?t\b|\bs/s\b", " "),
        (r"\be\.v\b", " ev "),
    )
)
WORDS_OF_SCRIPTS = (
    ("股份有限公司", "plc"), ("有限责任公司", "ltd"), ("有限公司", "ltd"), ("集团", "group"), ("集團", "group"),
    ("公司", "company"), ("银行", "bank"), ("銀行", "bank"), ("贸易", "trading"), ("貿易", "trading"),
    ("科技", "technology"), ("国际", "international"), ("國際", "international"), ("投资", "investment"),
    ("香港", "hongkong"), ("株式会社", "kk"), ("有限会社", "ltd"), ("주식회사", "corp"), ("은행", "bank"),
    ("شركة", "company"), ("للتجارة", "trading"), ("بنك", "bank"), ("מ בע", "ltd"),
)  # fmt: skip
"""Frequent words of companies in scripts whose transliteration would hide them; longest first."""
_SAME = """
international: international intl internat internacional internationale mezhdunarodnyj
group: group groupe grupo gruppe gruppa grp grup gruppo
holding: holding holdings kholding holdco hldg
bank: bank banco banque banca bnk
trading: trading trade torgovyj handel
management: management mgmt mgt
services: services service svcs svc servicios
technology: technology technologies tech technologie tekhnologii tecnologia
manufacturing: manufacturing mfg
national: national natl nacional nationale
brothers: brothers bros
and: and
government: government govt
university: university univ universitat universite universidad
department: department dept
industry: industry industries ind industria
development: development dev
investment: investment investments invest investissements
institute: institute inst institut
general: general gen
engineering: engineering engg
construction: construction stroj constr construcciones
transport: transport transports transportation
shipping: shipping shipg
insurance: insurance ins
pharmaceutical: pharmaceutical pharmaceuticals pharma
company: company
associates: associates assoc
solutions: solutions solution
systems: systems system
enterprises: enterprises enterprise
partners: partners partner
products: products product
resources: resources resource
communications: communications communication
"""
SAME_WORDS: Mapping[str, str] = {
    word: one
    for line in _SAME.strip().splitlines()
    for one, _, words in [line.partition(":")]
    for word in words.split()
}
GENERIC = frozenset(
    "international group holding trading management services technology manufacturing national general global world"
    " worldwide industry development investment engineering construction transport shipping insurance enterprises"
    " associates solutions systems partners products resources communications capital finance financial consulting"
    " logistics energy real estate properties ventures commercial corporate business import export equipment"
    " supplies marketing media digital data network networks".split()
)
_PLACES = """
us: usa us america american
uk: uk britain british england
ru: russia russian rossiya rus
de: germany german deutschland deutsche
fr: france french
es: spain spanish espana
it: italy italian italia
cn: china chinese
hk: hongkong
in: india indian
jp: japan japanese nippon
ae: uae emirates dubai
ch: switzerland swiss suisse schweiz
sg: singapore
ua: ukraine ukrainian
tr: turkey turkish turkiye
ir: iran iranian
cy: cyprus
nl: netherlands holland dutch nederland
au: australia australian
ca: canada canadian
br: brazil brazilian brasil
mx: mexico mexican
europe: europe european
asia: asia asian
africa: africa african
east: eastern east
west: western west
north: northern north
south: southern south
middle: middle
"""
PLACES: Mapping[str, str] = {
    word: one
    for line in _PLACES.strip().splitlines()
    for one, _, words in [line.partition(":")]
    for word in words.split()
}
NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5",
}  # fmt: skip

# The same given name in other languages and romanisations.
_EQUIVALENTS = """
muhammad mohammed mohamed mohammad muhammed mohamad muhamed mohammod mehmet mehmed mahomet magomed mokhammad mhmd
ahmad ahmed akhmed achmad ahmet akhmad
yusuf youssef yousef yusef joseph josef jose jozef giuseppe yosef iosif yousuf yussuf osip jusuf
ibrahim abraham ebrahim avraham ibragim
ismail ishmael ismael esmail
yaqub yakub jacob jakob jacques yakov jakub jaime
dawud daoud david davud daud dawood dawid davit
sulayman suleiman solomon suleyman sulaiman salomon soliman
musa moses moshe moussa moises moisei
isa issa jesus eissa
yahya yehia john johannes jan ivan ioannis giovanni juan joao jean johann hans jovan ioan janos yahia jon johan yiannis giannis ivo evan ian sean
alexander aleksandr aleksander alexandre oleksandr alejandro alessandro aliaksandr alexandros aleksandar iskander iskandar alexandru sandor
alexandra aleksandra oleksandra alejandra alessandra
alexei aleksei alexey aleksey oleksii alexis alexej oleksiy
michael mikhail michel miguel mikhailo mykhailo mihail michal mikael mikhael michele mihai mihaly mikhael mykhaylo mihailo
george georgy georgi georgios jorge giorgi georg jerzy yuri yury iurii yurii yuriy juri georges giorgio georgiy heorhii gheorghe
peter pyotr petr pedro pierre pietro petro piotr petros petar petter
paul pavel pablo paolo pawel pavlo pavlos paulo
andrew andrei andrey andriy andrii andreas andre andres andrzej andrea andrej andrija
nicholas nikolai nikolay nicolas mykola nikolaos nicola nikolaj nikola niklas mikolaj nikolas nicolae niccolo
sergei sergey serhiy serhii sergio serge siarhei sergej
dmitry dmitri dmytro dimitri dmitriy dmitrii dimitrios dzmitry dmitrij
vladimir volodymyr uladzimir wladimir vladimer
yevgeny evgeny evgeni yevgeniy eugene evgenii evgeniy yevhen eugenio ievgen eugen
yelena elena helena helen olena jelena helene ilona
catherine katherine ekaterina kateryna katarina caterina katharina yekaterina catalina katerina katarzyna kathryn catharine
mary maria marie mariya mariia miriam maryam mariam marija
anna anne hannah ana ganna hanna ann
elizabeth elisabeth elizaveta yelizaveta isabel isabella elisabetta elzbieta
charles carlos karl carl carlo karel charl karol
henry heinrich henri enrique enrico hendrik henryk henrik genrikh
william wilhelm guillermo guillaume willem guglielmo vilhelm
frederick friedrich frederic federico fredrik fryderyk fridrikh fredrick frederik
lewis louis luis ludwig luigi luiz lajos ludvig ludovic
stephen steven stefan stepan esteban etienne stefano stephan istvan stjepan stefanos
thomas tomas tommaso tomasz foma tomaz
philip phillip felipe philippe filipp filip philipp filippo
matthew matteo mateo matthias matvei mateusz matej mathieu matthieu
mark marc marco marcos marek markus marko
luke lucas luca lukas lukasz luka
anthony antonio anton antoine antoni antonin antonios
francis francisco francesco francois franz frantisek franciszek ferenc
lawrence laurence lorenzo laurent lars lavrentiy
roman romain
igor ihor
oleg oleh
gennady hennadii gennadiy gennadi
leonid leonidas
konstantin constantine constantin kostiantyn konstantinos
maxim maksim maksym maxime
vasily vasyl vasiliy basil vasilios vassili vasilii
grigory gregory hryhorii grigoriy gregor grigoris grzegorz gregorio grigori
anatoly anatolii anatoliy anatole anatoli
valery valerii valeriy valeri valerio
vitaly vitalii vitaliy vitali vitalij
victor viktor vittorio wiktor
hussein husayn hossein hussain husein houssein husain hussayn khusein
hassan hasan khasan
omar umar omer
usman uthman osman othman
khalid khaled halid chalid
mustafa mostafa moustafa mustapha
abdul abdel abdal abdoul
abdullah abdallah abdulla abdollah abdoullah
abdulrahman abdurrahman abdelrahman abdurahman abderrahmane abdulrehman
saeed said sayeed saïd saiid
jamal gamal jamaal djamal
qasim kassem qassem kasem kasim qasem ghassem
gaddafi qaddafi kadhafi qadhafi gadhafi kaddafi qadhdhafi
fatima fatma fatimah fatemeh
aisha ayesha aysha aicha
noor nur nour
mahmoud mahmud mahmood
ali aly
amin ameen amine
karim kareem kerim
rashid rasheed rachid
tariq tarek tarik
walid waleed oualid
samir sameer
lee li yi ri rhee
kim gim
park bak pak
choi choe
jung jeong chung
yoo yu ryu
moon mun
jong jeong chong
un eun woon
zhou chou
zhang chang
wang wong huang
chen chan tan
xu hsu
cai tsai
zheng cheng
beijing peking
schmidt schmitt schmid
meyer meier maier mayer
"""
# Short forms that stand for a whole name; less certain than another language's spelling.
_NICKNAMES = """
william bill will billy willy liam
robert bob rob bobby robbie bert
richard dick rick rich richie ricky
james jim jimmy jamie
john jack johnny
michael mike mick mickey misha micky
joseph joe joey pepe
thomas tom tommy
charles charlie chuck chas
edward ed eddie ted ned
theodore ted teddy theo
henry harry hank
alexander alex sasha alec sandy lex
alexandra alex sasha sandra
elizabeth liz beth betty lisa eliza bess lizzy libby
margaret maggie meg peggy greta rita marge
katherine kate kathy katie kat cathy
jennifer jen jenny
patricia pat patty trish
patrick pat paddy
anthony tony
andrew andy drew
daniel dan danny
david dave davy
stephen steve stevie
matthew matt
christopher chris kit topher
nicholas nick nicky kolya
benjamin ben benny
samuel sam sammy
joshua josh
jonathan jon
gregory greg
timothy tim
jeffrey jeff geoff geoffrey
kenneth ken kenny
ronald ron ronnie
donald don donnie
lawrence larry
gerald gerry jerry
raymond ray
frederick fred freddy fritz
francis frank
francisco paco pancho
vladimir vova volodya
dmitry dima mitya
sergei seryozha
yevgeny zhenya
susan sue susie suzy
deborah deb debbie
barbara barb
rebecca becky becca
victoria vicky
victor vic
philip phil
peter pete
ronald ron
leonard leo len lenny
abraham abe
albert al bert
alan al
eugene gene
zachary zach
nathaniel nate nathan
maximilian max
dominic dom
vincent vince
walter walt
jacob jake
martin marty
stanley stan
arthur art
oliver ollie
isabella bella
jessica jess
amanda mandy
pamela pam
cynthia cindy
jacqueline jackie
teresa terry tess
kimberly kim
dorothy dot dolly
virginia ginny
natalia natasha
maria masha
ivan vanya
boris borya
josef sepp
johannes hannes
"""


def _groups(table: str) -> Mapping[str, frozenset[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for number, line in enumerate(table.strip().splitlines()):
        for word in line.split():
            found[word].add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


EQUIVALENTS = _groups(_EQUIVALENTS)
NICKNAMES = _groups(_NICKNAMES)


def with_short_forms(latin: str) -> str:
    """Write the legal forms of many words as one."""
    text = latin.replace("&", " and ").replace("+", " and ")
    for pattern, replacement in _SHORT_FORMS:
        text = pattern.sub(replacement, text)
    return text.replace("hong kong", "hongkong").replace("united states", "usa").replace("united kingdom", "uk")
